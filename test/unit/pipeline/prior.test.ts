import { expect, test } from "vitest";
import { MetricEvaluator } from "../../../src/components/evaluators/index.ts";
import { FunctionExperimenter } from "../../../src/components/experimenters/index.ts";
import { asResearcher } from "../../../src/components/researchers/function.ts";
import { asReviewer } from "../../../src/components/reviewers/function.ts";
import type { StageContext } from "../../../src/kernel/context.ts";
import type { JsonValue } from "../../../src/model/json.ts";
import { Pipeline, type RunResult } from "../../../src/pipeline/pipeline.ts";
import { temporaryDirectory } from "../../../src/testing/temp-dir.ts";
import { Workspace } from "../../../src/workspace/workspace.ts";

/** A run of two iterations of one hypothesis each, whose score is what `propose` gives. */
async function run(
  place: string,
  from: string | undefined,
  propose: (ctx: StageContext) => number,
  review?: (ctx: StageContext) => JsonValue,
): Promise<RunResult> {
  const pipeline = new Pipeline({
    workspace: await Workspace.create(place),
    ...(from === undefined ? {} : { from }),
    researcher: asResearcher((ctx) => [{ spec: { score: propose(ctx) } }], { numTasks: 1 }),
    experimenter: new FunctionExperimenter(({ score = 0 }) => ({ score })),
    evaluator: new MetricEvaluator({ metric: "score" }),
    settings: { metric: { name: "score", direction: "maximize", target: 5, minDelta: { kind: "absolute", value: 0 } } },
    reviewer: asReviewer(
      (_, ctx) =>
        review?.(ctx) ?? [{ finding: `${place.at(-1)}${ctx.iteration}`, evidence: [`i0000${ctx.iteration}-h000`] }],
    ),
    maxIterations: 2,
  });
  return pipeline.run();
}

test("what an earlier run found counts for no best, no target, no history and no id of the next, which knows it all the same", async () => {
  using dir = temporaryDirectory();
  const first = await run(dir.join("first"), undefined, ({ iteration }) => 3 + iteration);
  expect(first).toMatchObject({ reason: "target", best: { id: "i00002-h000", score: 5 } });
  const seen: StageContext[] = [];
  const next = await run(dir.join("next"), dir.join("first"), (ctx) => {
    seen.push({ ...ctx, history: { ...ctx.history, entries: [...ctx.history.entries] } });
    return ctx.iteration;
  });
  expect(next).toMatchObject({ reason: "iterations", best: { id: "i00002-h000", score: 2 }, iterationsCompleted: 2 });
  expect(seen[0]?.history).toMatchObject({ entries: [], best: null });
  const entries = [
    { id: "i00001-h000", score: 4 },
    { id: "i00002-h000", score: 5 },
  ];
  expect(seen[1]?.prior).toMatchObject([{ name: "first", sameScoring: true, entries }]);
  expect(seen[1]?.history.entries).toHaveLength(1);
  const insights = [
    { id: "i00001-n00", finding: "t1" },
    { id: "i00002-n00", finding: "t2" },
  ];
  expect(seen[1]?.prior).toMatchObject([{ insights }]);
  expect(seen[1]?.history.insights.map(({ finding }) => finding)).toEqual(["t1"]);
});

test("a review takes back or replaces what an earlier run had found, for this run and for those that start from it", async () => {
  using dir = temporaryDirectory();
  await run(dir.join("first"), undefined, ({ iteration }) => iteration);
  const known: (readonly string[])[] = [];
  const propose = (ctx: StageContext): number => {
    known.push([...(ctx.prior ?? []), ctx.history].flatMap(({ insights }) => insights.map(({ finding }) => finding)));
    return 1 + ctx.iteration;
  };
  const reviews = [[{ retract: "first/i00001-n00" }], [{ replace: ["first/i00002-n00", "x/y"], finding: "better" }]];
  await run(dir.join("next"), dir.join("first"), propose, ({ iteration }) => reviews[iteration - 1] ?? []);
  await run(dir.join("last"), dir.join("next"), propose);
  expect(known).toEqual([["t1", "t2"], ["t2"], ["better"], ["better", "t1"]]);
  expect(dir.read("next/iterations/00002/insights.json")).toContain('"replaces": [\n      "first/i00002-n00"\n    ]');
});
