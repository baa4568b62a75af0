import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { FunctionExperimenter, MetricEvaluator, Pipeline, SearchResearcher, Workspace } from "../../../src/index.ts";
import { type TemporaryDirectory, temporaryDirectory } from "../../../src/testing/temp-dir.ts";

let folder: TemporaryDirectory;
beforeEach(() => {
  folder = temporaryDirectory();
});
afterEach(() => folder[Symbol.dispose]());

/** What JavaScript, which no compiler looks at, gives beside the four stages and the workspace. */
async function make(given: object) {
  return Reflect.construct(Pipeline, [
    {
      researcher: new SearchResearcher({ space: { x: { type: "float", low: 0, high: 1 } } }),
      experimenter: new FunctionExperimenter(async ({ x }) => ({ score: x })),
      evaluator: new MetricEvaluator(),
      workspace: await Workspace.create(folder.join("run")),
      ...given,
    },
  ]);
}

describe("a pipeline in code", () => {
  test.each([
    [{ parallel: 0 }, /parallel: expected a whole number of at least 1, got 0/],
    [{ parallel: -3 }, /parallel: .*got -3/],
    [{ maxIterations: Number.NaN }, /maxIterations: .*got NaN/],
    [{ maxIterations: -1 }, /maxIterations: .*got -1/],
    [{ maxIteration: 3 }, /no option maxIteration; did you mean maxIterations\?/],
    [{ evaluator: undefined }, /evaluator is missing: expected an evaluator: an object with evaluate\(\)/],
    [{ researcher: undefined, parallel: "2" }, /researcher is missing.*; parallel: .*got "2"/],
    [{ experimenter: "sh run.sh" }, /experimenter: expected an experimenter.*got "sh run\.sh"/],
    [{ workspace: "runs/one" }, /workspace: expected a Workspace/],
    [{ settings: { stop: { iterations: 0 } } }, /settings\.stop\.iterations: expected a whole number of at least 1/],
    [{ settings: { stop: { tokens: 0 } } }, /settings\.stop\.tokens: expected a number above 0, got 0/],
    [{ settings: { inputs: [{ path: 1 }] } }, /settings\.inputs\.0/],
    [{ settings: { retrys: 1 } }, /no option settings\.retrys; did you mean retries\?/],
    [{ metric: { direction: "up" } }, /metric\.direction: expected one of maximize, minimize, got "up"/],
  ])("is refused with what is wrong with it: %o", async (given, message) => {
    await expect(make(given)).rejects.toMatchObject({
      code: "USAGE_INVALID",
      exitCode: 2,
      message: expect.stringMatching(message),
    });
  });

  test("may leave out what has a default, also as undefined", async () => {
    expect(await make({ parallel: undefined, reviewer: undefined, maxIterations: 2 })).toBeInstanceOf(Pipeline);
  });
});

describe("a workspace in code", () => {
  test.each([
    [[], /root is missing: expected the path of a folder/],
    [[7], /root: expected the path of a folder, got 7/],
    [["run", { ifExists: "foo" }], /ifExists: expected refuse, resume, next, got "foo"/],
    [["run", { ifexists: "next" }], /no option ifexists; did you mean ifExists\?/],
  ])("is not created from %o", async (given, message) => {
    const create = async () => Reflect.apply(Workspace.create, Workspace, given);
    await expect(create()).rejects.toMatchObject({
      code: "USAGE_INVALID",
      exitCode: 2,
      message: expect.stringMatching(message),
    });
  });
});
