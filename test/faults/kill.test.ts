import { beforeAll, describe, expect, test } from "vitest";
import { seededRng } from "../../src/platform/rng.ts";
import { afterAll, killAt, type RealCrossing, realPlace, undisturbedCommand } from "./support/real.ts";
import { FULL } from "./support/sweep.ts";

let expected: Awaited<ReturnType<typeof undisturbedCommand>>;
beforeAll(async () => {
  expected = await undisturbedCommand();
});

/** One crossing of each kind; in a short test some of them, evenly spread. */
function oneOfEachKind(): readonly RealCrossing[] {
  const kinds = [...new Map(expected.crossings.toReversed().map((crossing) => [crossing.kind, crossing])).values()];
  const step = FULL ? 1 : Math.ceil(kinds.length / 5);
  return kinds.filter((_, place) => place % step === 0);
}

async function killedAt({ at, kind }: RealCrossing, when: "before" | "after" | "half"): Promise<readonly string[]> {
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

describe("the real command under SIGKILL", () => {
  test("killed once at each kind of crossing it goes on as if nothing had happened", async () => {
    const wrong: string[] = [];
    const whens = ["before", "after", "half"] as const;
    for (const [place, crossing] of oneOfEachKind().entries()) {
      const isWrite = /^(write|append)/.test(crossing.kind);
      wrong.push(...(await killedAt(crossing, whens[place % (isWrite ? 3 : 2)] ?? "before")));
    }
    expect(wrong).toEqual([]);
  });

  test("killed at any time, over and over, it ends where the undisturbed run ends", async () => {
    const rng = seededRng(1).fork("times");
    const wanted = FULL ? 500 : 6;
    const wrong: string[] = [];
    let kills = 0;
    while (kills < wanted) {
      using place = realPlace();
      const times: number[] = [];
      for (let over = false; !over; ) {
        const live = place.start();
        const ms = 120 + rng.int(700);
        const timer = setTimeout(() => live.kill("SIGKILL"), times.length < 25 ? ms : 60_000);
        const end = await live.ended;
        clearTimeout(timer);
        over = end.signal !== "SIGKILL";
        if (!over) times.push(ms);
        if (over && end.code !== 0) wrong.push(`a resume ended with ${end.code}: ${end.stderr}`);
      }
      kills += times.length;
      const found = afterAll(expected, place);
      if (found.length > 0) wrong.push(`killed after ${times.join(", ")} ms:`, ...found);
      if (times.length === 0) kills += 1;
    }
    expect(wrong).toEqual([]);
  });
});
