import { existsSync, rmSync } from "node:fs";
import { expect, it } from "vitest";
import { FunctionExperimenter, MetricEvaluator, Pipeline, SearchResearcher, Workspace } from "../../../src/index.ts";
import { explainResume } from "../../../src/pipeline/resume.ts";
import { temporaryDirectory } from "../../../src/testing/temp-dir.ts";

it("an explained resume names what would be done again, and why, when records are gone", async () => {
  using dir = temporaryDirectory();
  const workspace = await Workspace.create(dir.join("run"));
  await new Pipeline({
    researcher: new SearchResearcher({ method: "random", space: { x: { type: "float", low: 0, high: 1 } } }),
    experimenter: new FunctionExperimenter(({ x }) => ({ score: x })),
    evaluator: new MetricEvaluator({ metric: "score" }),
    reviewer: { review: async (_, { iteration }) => (iteration === 3 ? [{ finding: "smaller is better" }] : []) },
    workspace,
    maxIterations: 3,
  }).run();
  const record = (name: string) => dir.join("run", "iterations", name);
  expect([2, 3].map((n) => existsSync(record(`0000${n}/insights.json`)))).toEqual([false, true]);
  expect(explainResume(workspace).every(({ action }) => action === "reuse")).toBe(true);

  rmSync(record("00001/iteration.json"));
  rmSync(record("00002/evaluations/i00002-h000.json"));
  rmSync(record("00003/insights.json"));
  const rerun = explainResume(workspace).filter(({ action }) => action === "rerun");
  expect(rerun.map(({ step, why }) => `${step}: ${why}`)).toEqual([
    "iteration 1: propose: its record is missing; recorded replies and what its hypotheses already have are used",
    "i00002-h000: evaluate: it has no evaluation record",
    "iteration 3: review: it has no insights record",
  ]);
});
