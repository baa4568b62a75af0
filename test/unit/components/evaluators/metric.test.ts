import { describe, expect, it } from "vitest";
import { MetricEvaluator, type MetricEvaluatorOptions } from "../../../../src/components/evaluators/index.ts";
import type { HistoryEntry } from "../../../../src/kernel/context.ts";
import type { Evaluation } from "../../../../src/model/evaluation.ts";
import type { Experiment } from "../../../../src/model/experiment.ts";
import type { JsonObject } from "../../../../src/model/json.ts";
import type { MetricSettings } from "../../../../src/model/settings.ts";
import { executionRig, hypothesis } from "../../../support/execution-rig.ts";
import { historyEntry } from "../../../support/stage-context.ts";

interface Case {
  readonly options?: MetricEvaluatorOptions;
  readonly metric?: Partial<MetricSettings>;
  readonly entries?: readonly HistoryEntry[];
  readonly experiment?: Partial<Experiment>;
  readonly id?: string;
}

async function evaluate(summary: JsonObject | null, given: Case = {}): Promise<Evaluation> {
  const metric: MetricSettings = {
    name: "accuracy",
    direction: "maximize",
    minDelta: { kind: "absolute", value: 0.5 },
    ...given.metric,
  };
  using rig = executionRig({ settings: { metric }, entries: given.entries ?? [] });
  const id = given.id ?? "i00001-h000";
  const experiment: Experiment = { hypothesisId: id, status: "completed", trials: [], summary, ...given.experiment };
  return await new MetricEvaluator(given.options).evaluate(hypothesis({}, id), experiment, rig.ctx);
}

describe("the metric evaluator", () => {
  it("scores by the run's metric in its own units", async () => {
    expect(await evaluate({ accuracy: 93.5 })).toEqual({
      hypothesisId: "i00001-h000",
      score: 93.5,
      passed: true,
      reason: "accuracy 93.5: there is no baseline to beat",
      details: { metric: "accuracy", direction: "maximize" },
    });
  });

  it("takes the exact key first, then the dotted path", async () => {
    const options = { metric: "val.accuracy" };
    expect(await evaluate({ "val.accuracy": 1, val: { accuracy: 2 } }, { options })).toMatchObject({ score: 1 });
    expect(await evaluate({ val: { accuracy: 2 } }, { options })).toMatchObject({ score: 2 });
  });

  it.each<readonly [JsonObject | null, string]>([
    [null, "no accuracy"],
    [{}, "it has: nothing"],
    [{ acuracy: 1, loss: 2 }, "did you mean acuracy?"],
    [{ acuracy: 1, results: { val: { accuracy: 2 } } }, "did you mean results.val.accuracy?"],
    [{ accuracy: "NaN" }, "accuracy is NaN"],
    [{ accuracy: "Infinity" }, "accuracy is Infinity"],
    [
      { accuracy: "0.9" },
      'the text "0.9", not a number that can be a score; print `accuracy: <number>` on a line of its own, or read it with collector log-parser',
    ],
    [{ accuracy: [1, 2] }, "a list"],
    [{ accuracy: { a: 1 } }, "an object"],
    [{ accuracy: null }, "accuracy is null"],
    [{ accuracy: true }, "accuracy is true"],
  ])("has no score for %j, never 0, and says why", async (summary, reason) => {
    const evaluation = await evaluate(summary);
    expect(evaluation).toMatchObject({ score: null, passed: false });
    expect(evaluation.reason).toContain(reason);
  });

  it("has no score for an experiment that failed, with its failure as the reason", async () => {
    const failure = { code: "timeout", message: "ran longer than 5 s" };
    expect(await evaluate(null, { experiment: { status: "failed", failure } })).toMatchObject({
      score: null,
      passed: false,
      reason: "ran longer than 5 s",
    });
  });

  it("says when only some trials reported the metric", async () => {
    const outcome = (output: JsonObject) => ({ status: "completed", output }) as const;
    const trials = [{ accuracy: 1 }, { loss: 1 }].map((output, index) => ({
      id: `t${index}`,
      index,
      seed: 1,
      outcome: outcome(output),
    }));
    expect((await evaluate({}, { experiment: { trials } })).reason).toBe("accuracy was reported by 1 of 2 trials only");
    const texts = trials.map((trial) => ({ ...trial, outcome: outcome({ accuracy: "high" }) }));
    expect((await evaluate({}, { experiment: { trials: texts } })).reason).toBe(
      'accuracy is the text "high", not a number that can be a score',
    );
  });
});

describe("passed", () => {
  it.each([
    [{ options: { baseline: 0.5 } }, 0.5, false],
    [{ options: { baseline: 0.5 } }, 0.51, true],
    [{ metric: { baseline: 0.5 } }, 0.51, true],
    [{ metric: { baseline: 0.5 }, options: { baseline: 0.9 } }, 0.6, false],
    [{ metric: { baseline: 0.5, direction: "minimize" } }, 0.4, true],
    [{ metric: { baseline: 0.5, direction: "minimize" } }, 0.5, false],
    [{ entries: [historyEntry(0, 0, {}, 0.7)] }, 0.7, false],
    [{ entries: [historyEntry(0, 0, {}, 0.7)] }, 0.71, true],
    [{ entries: [historyEntry(0, 0, {}, 0.7)], metric: { baseline: 0.1 } }, 0.2, true],
    [{ entries: [historyEntry(0, 0, {}, null)] }, 0.1, true],
    [{ entries: [historyEntry(1, 0, {}, 0.9)] }, 0.1, true],
    [{ id: "i00000-h000" }, -5, true],
    [{ id: "i00000-h000", metric: { baseline: 0.5 } }, 0.4, false],
  ] satisfies readonly (readonly [Case, number, boolean])[])(
    "%j with the score %d: %s",
    async (given, score, passed) => {
      const evaluation = await evaluate({ accuracy: score }, given);
      expect(evaluation).toMatchObject({ score, passed });
    },
  );

  it("tells what the score was compared with", async () => {
    const beaten = await evaluate({ accuracy: 0.6 }, { metric: { baseline: 0.5 } });
    expect(beaten.reason).toBe("accuracy 0.6 is better than the baseline 0.5");
    expect(beaten.details).toEqual({ metric: "accuracy", direction: "maximize", baseline: 0.5 });
    const worse = await evaluate({ accuracy: 0.6 }, { entries: [historyEntry(0, 0, {}, 0.7)] });
    expect(worse.reason).toBe("accuracy 0.6 is not better than the start's 0.7");
  });
});
