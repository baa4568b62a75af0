import { tmpdir } from "node:os";
import { describe, expect, test } from "vitest";
import { seededRng } from "../../src/platform/rng.ts";
import { FULL, thorough } from "../support/thorough.ts";
import { IN_MEMORY } from "./support/in-memory.ts";
import { oneOfEachKind, type RealCrossing, sideBySide, type When } from "./support/kinds.ts";
import { afterAll, killAt, realPlace, undisturbedCommand } from "./support/real.ts";
import { promisesOf } from "./support/reference-model.ts";

type Undisturbed = Awaited<ReturnType<typeof undisturbedCommand>>;

async function killedAt(
  crossing: RealCrossing,
  when: When,
  expected: Undisturbed,
  parent: string,
): Promise<readonly string[]> {
  using place = realPlace({}, parent);
  const killed = await place.live(killAt(crossing, when));
  const resumed = await place.live();
  const wrong = [
    ...(killed.signal === "SIGKILL" ? [] : [`it was not killed but ended with ${killed.code}: ${killed.stderr}`]),
    ...(resumed.code === 0 ? [] : [`the resume ended with ${resumed.code}: ${resumed.stderr}`]),
    ...killed.broken,
    ...resumed.broken,
    ...afterAll(expected, place),
  ];
  return wrong.length === 0 ? [] : [`killed ${when} ${crossing.at} ${crossing.kind}`, ...wrong];
}

/** Kills one run after the other at once at each kind of crossing that a run in `parent` has and `chosen` says. */
async function killedAtEachKind(parent: string, chosen: (kind: string) => boolean, most: number): Promise<string[]> {
  const expected = await undisturbedCommand(parent);
  const crossings = expected.crossings.filter(({ kind }) => chosen(kind));
  return sideBySide(oneOfEachKind(crossings, most), ({ crossing, when }) => killedAt(crossing, when, expected, parent));
}

/** A run that is killed after each of these milliseconds and resumed, until it comes to its end, at last left alone. */
async function killedAfter(
  times: readonly number[],
  expected: Undisturbed,
): Promise<{ readonly kills: number; readonly wrong: readonly string[] }> {
  using place = realPlace({}, IN_MEMORY);
  const killed: number[] = [];
  const wrong: string[] = [];
  for (const ms of [...times, null]) {
    const promises = promisesOf(place.workspace, place.tally);
    const live = place.start();
    const timer = ms === null ? undefined : setTimeout(() => live.kill("SIGKILL"), ms);
    const end = await live.ended;
    clearTimeout(timer);
    wrong.push(...promises.broken());
    if (ms !== null && end.signal === "SIGKILL") {
      killed.push(ms);
      continue;
    }
    if (end.code !== 0) wrong.push(`a resume ended with ${end.code}: ${end.stderr}`);
    break;
  }
  wrong.push(...afterAll(expected, place));
  return { kills: killed.length, wrong: wrong.length === 0 ? [] : [`killed after ${killed.join(", ")} ms:`, ...wrong] };
}

describe("the real command under SIGKILL", () => {
  const isFlush = (kind: string): boolean => /^f(data)?sync/.test(kind);

  test("killed once at each kind of crossing it goes on as if nothing had happened", async () => {
    expect(await killedAtEachKind(IN_MEMORY, (kind) => !isFlush(kind), 3)).toEqual([]);
  });

  thorough("killed at each kind of flush to a disk it goes on as if nothing had happened", async () => {
    expect(await killedAtEachKind(tmpdir(), isFlush, 1)).toEqual([]);
  });

  test("killed at any time, over and over, it ends where the undisturbed run ends", async () => {
    const expected = await undisturbedCommand(IN_MEMORY);
    const rng = seededRng(1).fork("times");
    let left = FULL ? 500 : 3;
    const kill = async (): Promise<readonly string[]> => {
      const found: string[] = [];
      while (left > 0) {
        const times = Array.from({ length: 10 }, () => 120 + rng.int(700));
        const { kills, wrong } = await killedAfter(FULL ? times : times.slice(0, 3), expected);
        left -= kills;
        found.push(...wrong);
      }
      return found;
    };
    expect(await sideBySide(FULL ? [1, 2, 3] : [1], kill)).toEqual([]);
  });
});
