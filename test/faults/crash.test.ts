import { beforeAll, describe, expect, test } from "vitest";
import { seededRng } from "../../src/platform/rng.ts";
import type { FaultPlan } from "../support/faults.ts";
import type { Life } from "./support/lives.ts";
import { afterFaults, sample, type Undisturbed, undisturbed } from "./support/sweep.ts";

let expected: Undisturbed;
let crossings = 0;
beforeAll(async () => {
  expected = await undisturbed();
  crossings = expected.life.crossings.length;
});

const mustCrash = (life: Life): string[] => (life.crashed ? [] : [`there was no crash: ${String(life.thrown)}`]);

async function sweep(plans: readonly (readonly FaultPlan[])[], judge = mustCrash): Promise<readonly string[]> {
  const wrong: string[] = [];
  for (const plan of plans) wrong.push(...(await afterFaults(expected, plan, judge)));
  return wrong;
}

describe("a run that is killed and resumed equals one that was not", () => {
  test("killed before any crossing", async () => {
    expect(await sweep(sample(crossings, 9).map((at) => [{ at, when: "before", fault: "die" }]))).toEqual([]);
  });

  test("killed after any crossing, whose caller does not learn of it", async () => {
    expect(await sweep(sample(crossings, 7).map((at) => [{ at, when: "after", fault: "die" }]))).toEqual([]);
  });

  test("killed in the middle of any write", async () => {
    const writes = expected.life.crossings.filter(({ method }) => /write|append|copy|create/i.test(method));
    const chosen = sample(writes.length, 5).map((place) => writes[place - 1]?.n ?? 1);
    expect(await sweep(chosen.map((at) => [{ at, when: "before", fault: "torn-die" }]))).toEqual([]);
  });

  test("killed again while it resumes", async () => {
    const any = (): string[] => [];
    const plans = sample(crossings, 3).flatMap((at, place): FaultPlan[][] => [
      [
        { at, when: "before", fault: "die" },
        { at: 1 + ((place * 7) % 40), when: "before", fault: "die" },
      ],
    ]);
    expect(await sweep(plans, any)).toEqual([]);
  });

  test("killed ten times over, anywhere", async () => {
    const rng = seededRng(20).fork("ten deep");
    const plans = sample(60, 1).map(() =>
      Array.from({ length: 10 }, (): FaultPlan => {
        const when = rng.next() < 0.5 ? "before" : "after";
        return { at: 1 + rng.int(Math.ceil(crossings / 4)), when, fault: rng.next() < 0.3 ? "torn-die" : "die" };
      }),
    );
    expect(await sweep(plans, () => [])).toEqual([]);
  });
});
