import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  AllTrialsAggregator,
  BestTrialAggregator,
  LastTrialAggregator,
  MeanTrialAggregator,
  MedianTrialAggregator,
  WorstTrialAggregator,
} from "../../../../src/components/aggregators/index.ts";
import { builtins } from "../../../../src/components/builtins.ts";
import type { JsonObject } from "../../../../src/model/json.ts";
import type { FinishedTrial } from "../../../../src/model/trial.ts";

/** Repeats with these outputs; `null` is one that failed. They come in any order. */
function trials(...outputs: readonly (JsonObject | null)[]): readonly FinishedTrial[] {
  return outputs
    .map((output, index): FinishedTrial => {
      const base = {
        id: `i00001-h000-t0${index}`,
        hypothesisId: "i00001-h000",
        kind: "trial",
        index,
        seed: 1,
      } as const;
      const failed = { status: "failed", failure: { code: "exit-code", message: "x" } } as const;
      const outcome = output === null ? failed : ({ status: "completed", output } as const);
      return { ...base, attempts: [], state: "finished", outcome, steps: [] };
    })
    .reverse();
}

const three = trials({ acc: 0.8, loss: 3, tag: "a" }, { acc: 0.9, loss: 1, tag: "a" }, { acc: 0.7, loss: 2, tag: "b" });

describe("every aggregator", () => {
  const all = [
    new LastTrialAggregator(),
    new BestTrialAggregator({ metric: "acc" }),
    new WorstTrialAggregator({ metric: "acc" }),
    new MeanTrialAggregator(),
    new MedianTrialAggregator(),
    new AllTrialsAggregator(),
  ];

  it("counts trials, and tells the spread of each number over those that completed", () => {
    for (const aggregator of all) {
      const summary = aggregator.aggregate([...three, ...trials(null, null, null, null).slice(0, 1)]);
      expect(summary).toMatchObject({
        trials: { completed: 3, failed: 1 },
        spread: { acc: { sd: expect.closeTo(0.1, 12), min: 0.7, max: 0.9 }, loss: { sd: 1, min: 1, max: 3 } },
      });
    }
  });

  it("gives one trial's metrics as they are, without a spread", () => {
    const output = { acc: 0.5, deep: { x: 1, list: [1, 2] }, note: "n", bad: "NaN" };
    for (const aggregator of all.slice(0, 5)) {
      expect(aggregator.aggregate(trials(output))).toEqual({ ...output, trials: { completed: 1, failed: 0 } });
    }
  });

  it("has nothing to say when no trial completed", () => {
    for (const aggregator of all) {
      expect(aggregator.aggregate(trials(null, null))).toBeNull();
      expect(aggregator.aggregate([])).toBeNull();
    }
  });

  it("adds its own whatever metrics are called", () => {
    for (const aggregator of all) {
      const several = aggregator.aggregate(trials({ acc: 1, trials: 2, spread: 5 }, { acc: 1, trials: 4, spread: 7 }));
      expect(several).toMatchObject({ trials: { completed: 2, failed: 0 }, spread: { acc: { sd: 0 } } });
      const one = aggregator.aggregate(trials({ acc: 1, trials: 2, spread: 5 }));
      expect(Object.keys(one ?? {}).sort()).toEqual(["acc", "trials"]);
    }
  });

  it("does not depend on the order in which trials come", () => {
    for (const aggregator of all)
      expect(aggregator.aggregate([...three].reverse())).toEqual(aggregator.aggregate(three));
  });

  it("is in the registry's list", async () => {
    expect((await builtins()).list("aggregator").map(({ type }) => type)).toEqual([
      "all",
      "best",
      "last",
      "mean",
      "median",
      "worst",
    ]);
  });
});

describe("last, best and worst", () => {
  it("take the metrics of one trial as a whole", () => {
    expect(new LastTrialAggregator().aggregate(three)).toMatchObject({ acc: 0.7, loss: 2, tag: "b" });
    expect(new BestTrialAggregator({ metric: "acc" }).aggregate(three)).toMatchObject({ acc: 0.9, loss: 1 });
    expect(new WorstTrialAggregator({ metric: "acc" }).aggregate(three)).toMatchObject({ acc: 0.7 });
    const least = { metric: "loss", direction: "minimize" } as const;
    expect(new BestTrialAggregator(least).aggregate(three)).toMatchObject({ loss: 1 });
    expect(new WorstTrialAggregator(least).aggregate(three)).toMatchObject({ loss: 3 });
  });

  it("give ties to the earlier trial, and skip trials without the number", () => {
    const best = new BestTrialAggregator({ metric: "m.a" });
    expect(
      best.aggregate(trials({ m: { a: 1 }, n: 0 }, { m: { a: 1 }, n: 1 }, { m: { a: "NaN" }, n: 2 })),
    ).toMatchObject({ n: 0 });
  });

  it("choose none when no trial reported the number, and say so", () => {
    for (const aggregator of [
      new BestTrialAggregator({ metric: "nope" }),
      new WorstTrialAggregator({ metric: "nope" }),
    ]) {
      const without = trials({ note: 0 }, { note: 1 });
      expect(aggregator.aggregate(without)).toBeNull();
      expect(aggregator.whyNone(without)).toMatch(/^no trial reported nope as a number.*did you mean note\?/);
    }
  });
});

describe("mean and median", () => {
  it("reduce each number, nested ones too, and keep what is the same in all", () => {
    const outputs = trials(
      { a: 1, d: { x: 1 }, s: "same" },
      { a: 2, d: { x: 2 }, s: "same" },
      { a: 6, d: { x: 9 }, s: "same" },
    );
    expect(new MeanTrialAggregator().aggregate(outputs)).toMatchObject({ a: 3, d: { x: 4 }, s: "same" });
    expect(new MedianTrialAggregator().aggregate(outputs)).toMatchObject({ a: 2, d: { x: 2 }, s: "same" });
    expect(new MedianTrialAggregator().aggregate(trials({ a: 1 }, { a: 4 }))).toMatchObject({ a: 2.5 });
    expect(new MeanTrialAggregator().aggregate(outputs)).toMatchObject({ spread: { "d.x": { min: 1, max: 9 } } });
  });

  it("leave out a number that some trials did not report, and show what is none", () => {
    const mean = new MeanTrialAggregator();
    expect(mean.aggregate(trials({ a: 1, b: 1 }, { a: 3 }))).toEqual({
      a: 2,
      spread: { a: { sd: Math.SQRT2, min: 1, max: 3 }, b: { sd: 0, min: 1, max: 1 } },
      trials: { completed: 2, failed: 0 },
    });
    expect(mean.aggregate(trials({ a: 1 }, { a: "NaN" }))).toMatchObject({ a: "NaN" });
    expect(Object.keys(mean.aggregate(trials({ s: "x" }, { s: "y" })) ?? {})).not.toContain("s");
  });

  it("stay finite and between the least and the greatest", () => {
    const number = fc.double({ noNaN: true, noDefaultInfinity: true });
    fc.assert(
      fc.property(fc.array(number, { minLength: 2, maxLength: 9 }), (values) => {
        const outputs = trials(...values.map((a) => ({ a })));
        const slack = 1e-9 * Math.max(...values.map(Math.abs));
        for (const aggregator of [new MeanTrialAggregator(), new MedianTrialAggregator()]) {
          const summary = aggregator.aggregate(outputs);
          const a = Number(summary?.a);
          expect(a).toBeGreaterThanOrEqual(Math.min(...values) - slack);
          expect(a).toBeLessThanOrEqual(Math.max(...values) + slack);
          expect(JSON.stringify(summary)).not.toContain("null");
        }
      }),
    );
  });
});

describe("all", () => {
  it("lists every value, null where a trial has none", () => {
    expect(new AllTrialsAggregator().aggregate(trials({ a: 1, b: "x" }, { a: 2 }))).toMatchObject({
      a: [1, 2],
      b: ["x", null],
      trials: { completed: 2, failed: 0 },
    });
  });
});
