import { beforeAll, describe, expect, test } from "vitest";
import { EXIT } from "../../src/kernel/errors.ts";
import type { Fault } from "../support/faults.ts";
import { thorough } from "../support/thorough.ts";
import { inPlace, type Life, live } from "./support/lives.ts";
import { differencesFrom } from "./support/reference-model.ts";
import { afterFaults, sample, type Undisturbed, undisturbed } from "./support/sweep.ts";

let expected: Undisturbed;
beforeAll(async () => {
  expected = await undisturbed();
});

/** A view that cannot be written costs a run nothing; all else ends it as what it is. */
function endsAsStorageFailure({ exitCode, thrown }: Life): string[] {
  if (exitCode === EXIT.storage || exitCode === EXIT.ok) return [];
  return [`the run ended with ${exitCode}: ${thrown instanceof Error ? thrown.stack : String(thrown)}`];
}

async function sweep(fault: Fault, most: number, every = 1): Promise<readonly string[]> {
  const writes = expected.life.crossings.filter(({ port, n }) => port === "files" && n % every === 0);
  const wrong: string[] = [];
  for (const place of sample(writes.length, most)) {
    const at = writes[place - 1]?.n ?? 1;
    wrong.push(...(await afterFaults(expected, [{ at, when: "before", fault }], endsAsStorageFailure)));
  }
  return wrong;
}

describe("a write that fails ends the run with 6, and with room it goes on as if nothing had happened", () => {
  test("a full disk at any write", async () => {
    expect(await sweep("ENOSPC", 10)).toEqual([]);
  });

  thorough("a broken disk at a write", async () => {
    expect(await sweep("EIO", 20, 5)).toEqual([]);
  });

  thorough("a write cut short by a full disk", async () => {
    expect(await sweep("short-write", 20, 4)).toEqual([]);
  });
});

describe("what hangs ends at once when it is told to", () => {
  thorough("a hanging trial, check or call is left within a second, and the run goes on later", async () => {
    const waits = expected.life.crossings.filter(({ method }) => method === "run" || method === "send");
    for (const place of sample(waits.length, 6)) {
      const at = waits[place - 1]?.n ?? 1;
      await inPlace(async (where) => {
        const stop = new AbortController();
        let from = Number.POSITIVE_INFINITY;
        const running = live(where, { at, when: "before", fault: "hang" }, { signal: stop.signal });
        setTimeout(() => {
          from = performance.now();
          stop.abort(new Error("stop"));
        }, 300);
        const life = await running;
        expect(performance.now() - from).toBeLessThan(1000);
        expect([EXIT.interrupted, EXIT.failed]).toContain(life.exitCode);
        expect(await live(where)).toMatchObject({ exitCode: 0, broken: [] });
        expect(differencesFrom(expected.essence, where.workspace)).toEqual([]);
      });
    }
  });
});
