import { describe, expect, it } from "vitest";
import { asEvaluator, FunctionEvaluator, MetricEvaluator } from "../../../../src/components/evaluators/index.ts";
import type { Experiment } from "../../../../src/model/experiment.ts";
import { executionRig, hypothesis } from "../../../support/execution-rig.ts";

const completed: Experiment = { hypothesisId: "i00001-h000", status: "completed", trials: [], summary: { a: 3 } };

async function evaluate(answer: unknown, experiment: Experiment = completed) {
  using rig = executionRig({
    settings: { metric: { name: "a", direction: "maximize", baseline: 1, minDelta: { kind: "absolute", value: 0 } } },
  });
  // biome-ignore lint/complexity/noBannedTypes: what a user's JavaScript may do
  const given: Function = typeof answer === "function" ? answer : () => answer;
  return await asEvaluator((...args) => given(...args)).evaluate(hypothesis(), experiment, rig.ctx);
}

describe("a function as an evaluator", () => {
  it("may give a number, or more than one", async () => {
    expect(await evaluate(2)).toMatchObject({ score: 2, passed: true, reason: "2: better than the baseline 1" });
    expect(await evaluate(async (_: unknown, { summary }: Experiment) => Number(summary?.a))).toMatchObject({
      score: 3,
    });
    expect(await evaluate({ score: 2, reason: "fine", details: { x: 1 } })).toEqual({
      hypothesisId: "i00001-h000",
      score: 2,
      passed: true,
      reason: "fine",
      details: { x: 1 },
    });
  });

  it("may say no, and may not say yes to what does not beat the baseline", async () => {
    expect(await evaluate({ score: 2, passed: false })).toMatchObject({
      score: 2,
      passed: false,
      reason: "the evaluator said no",
    });
    expect(await evaluate({ score: 0.5, passed: true })).toMatchObject({ score: 0.5, passed: false });
  });

  it.each([
    [null, "no score"],
    [undefined, "no score"],
    [{}, "has no score"],
    [Number.NaN, '"NaN"'],
    [{ score: Number.POSITIVE_INFINITY }, '"Infinity"'],
    [{ score: "0.9" }, '"0.9"'],
    [[1], "[1]"],
    [{ score: 1, at: new Date(0) }, "at is a Date"],
  ])("has no score when it answers %j", async (answer, reason) => {
    const evaluation = await evaluate(answer);
    expect(evaluation).toMatchObject({ score: null, passed: false });
    expect(evaluation.reason).toContain(reason);
  });

  it("is not asked about an experiment that failed, and a throw is no score", async () => {
    const failed: Experiment = {
      ...completed,
      status: "failed",
      summary: null,
      failure: { code: "x", message: "it crashed" },
    };
    expect(await evaluate(() => 5, failed)).toMatchObject({ score: null, reason: "it crashed" });
    const throwing = (): never => {
      throw new Error("cannot judge");
    };
    expect(await evaluate(throwing)).toMatchObject({
      score: null,
      reason: "the evaluator failed: the function threw: cannot judge",
    });
  });

  it("is left alone when it is one already, and refused when it is nothing of the kind", () => {
    const own = new MetricEvaluator();
    expect(asEvaluator(own)).toBe(own);
    // @ts-expect-error: what a user's JavaScript may do
    expect(() => asEvaluator("accuracy")).toThrow(/evaluate method/);
  });
});

describe("a function of a module as an evaluator", () => {
  it("scores in a process of its own", async () => {
    using rig = executionRig({ variables: { ANTHROPIC_API_KEY: "secret" } });
    const module = rig.dir.write(
      "judge.mjs",
      `export const judge = (h, e, ctx) => ({ score: e.summary.a, reason: h.id + ctx.iteration + (process.env.ANTHROPIC_API_KEY ?? " no key") });
       export const crash = () => process.exit(3);
       export const hang = () => new Promise((r) => setTimeout(r, 60000));`,
    );
    const by = (name: string, timeoutMs = 20_000) =>
      new FunctionEvaluator({ module, export: name }, { timeoutMs }).evaluate(hypothesis(), completed, rig.ctx);
    expect(await by("judge")).toMatchObject({ score: 3, passed: true, reason: "i00001-h0001 no key" });
    expect(await by("crash")).toMatchObject({ score: null, reason: expect.stringContaining("code 3") });
    expect(await by("hang", 1000)).toMatchObject({ score: null, reason: expect.stringContaining("timed out") });
    expect(await by("nothing")).toMatchObject({
      score: null,
      reason: expect.stringContaining('no function called "nothing"'),
    });
  });
});
