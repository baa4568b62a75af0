import { beforeAll, describe, expect, test } from "vitest";
import { seededRng } from "../../src/platform/rng.ts";
import { oneOfEachKind, type RealCrossing, sideBySide, type When } from "./support/kinds.ts";
import { afterAll, killAt, realPlace, undisturbedCommand } from "./support/real.ts";
import { promisesOf } from "./support/reference-model.ts";
import { FULL } from "./support/sweep.ts";

let expected: Awaited<ReturnType<typeof undisturbedCommand>>;
beforeAll(async () => {
  expected = await undisturbedCommand();
});

async function killedAt({ at, kind }: RealCrossing, when: When): Promise<readonly string[]> {
  using place = realPlace();
  const killed = await place.live(killAt(at, when));
  const resumed = await place.live();
  const wrong = [
    ...(killed.signal === "SIGKILL" ? [] : [`it was not killed but ended with ${killed.code}: ${killed.stderr}`]),
    ...(resumed.code === 0 ? [] : [`the resume ended with ${resumed.code}: ${resumed.stderr}`]),
    ...killed.broken,
    ...resumed.broken,
    ...afterAll(expected, place),
  ];
  return wrong.length === 0 ? [] : [`killed ${when} ${at} ${kind}`, ...wrong];
}

/** A run that is killed after each of these times, in milliseconds, and resumed, and at last left alone. */
async function killedAfter(times: readonly number[]): Promise<readonly string[]> {
  using place = realPlace();
  const wrong: string[] = [];
  for (const ms of [...times, null]) {
    const promises = promisesOf(place.workspace, place.tally);
    const live = place.start();
    const timer = ms === null ? undefined : setTimeout(() => live.kill("SIGKILL"), ms);
    const end = await live.ended;
    clearTimeout(timer);
    wrong.push(...promises.broken());
    if (end.signal !== "SIGKILL" && end.code !== 0) wrong.push(`a resume ended with ${end.code}: ${end.stderr}`);
  }
  wrong.push(...afterAll(expected, place));
  return wrong.length === 0 ? [] : [`killed after ${times.join(", ")} ms:`, ...wrong];
}

describe("the real command under SIGKILL", () => {
  test("killed once at each kind of crossing it goes on as if nothing had happened", async () => {
    expect(
      await sideBySide(oneOfEachKind(expected.crossings, 3), ({ crossing, when }) => killedAt(crossing, when)),
    ).toEqual([]);
  });

  test("killed at any time, over and over, it ends where the undisturbed run ends", async () => {
    const rng = seededRng(1).fork("times");
    const chains = Array.from({ length: FULL ? 100 : 1 }, () =>
      Array.from({ length: FULL ? 5 : 3 }, () => 120 + rng.int(700)),
    );
    expect(await sideBySide(chains, killedAfter)).toEqual([]);
  });
});
