import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import {
  BwrapExecutor,
  FunctionExperimenter,
  MetricEvaluator,
  Pipeline,
  Researcher,
  ScriptExperimenter,
  SearchResearcher,
  SingleTrialExperimenter,
  StdoutCollector,
  Workspace,
} from "../../../src/index.ts";
import { testFolder } from "../../support/test-folder.ts";
import { bwrap } from "../../support/tools.ts";

const folder = testFolder();

/** What JavaScript, which no compiler looks at, gives beside the four stages and the workspace. */
async function make(given: object) {
  return Reflect.construct(Pipeline, [
    {
      researcher: new SearchResearcher({ space: { x: { type: "float", low: 0, high: 1 } } }),
      experimenter: new FunctionExperimenter(async ({ x }) => ({ score: x })),
      evaluator: new MetricEvaluator(),
      workspace: await Workspace.create(folder.join("run"), { ifExists: "resume" }),
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
    [{ retries: -1, rollback: "worst" }, /rollback: expected one of best, none.*retries: expected a whole number/],
    [{ constraints: { timeBudget: "soon" } }, /constraints: expected an object; its timeBudget/],
    [{ constraints: { time_budget: Number.POSITIVE_INFINITY } }, /constraints: expected an object; its timeBudget/],
    [{ inputs: [{ path: "a", show: "all" }] }, /inputs: expected a list of paths, or of \{ path, show \}/],
    [{ inputs: ["a", { path: "b", shw: "full" }] }, /inputs: expected a list of paths, or of \{ path, show \}/],
    [{ metric: { direction: "up" } }, /metric\.direction: expected one of maximize, minimize, got "up"/],
  ])("is refused with what is wrong with it: %o", async (given, message) => {
    await expect(make(given)).rejects.toMatchObject({
      code: "USAGE_INVALID",
      exitCode: 2,
      message: expect.stringMatching(message),
    });
  });

  test("is not run with settings that it could not have had either", async () => {
    const pipeline = await make({});
    await expect(pipeline.run({ settings: { parallel: 0 } })).rejects.toThrow(
      /Pipeline\.run: parallel: expected a whole/,
    );
    expect(pipeline.workspace.hasRun()).toBe(false);
  });

  test("may leave out what has a default, also as undefined", async () => {
    expect(await make({ parallel: undefined, reviewer: undefined, maxIterations: 2 })).toBeInstanceOf(Pipeline);
  });
});

describe("what a spec says of a run", () => {
  const given = {
    root: "/project",
    rollback: "none",
    retries: 2,
    insightWindow: 3,
    constraints: { timeBudget: "2m", gpus: 1 },
    inputs: ["data.csv", { path: "/elsewhere/notes", show: "full" }],
  };
  test("is said to a pipeline beside its stages, and wins over its settings", async () => {
    const { settings } = await make({ ...given, settings: { retries: 1, keep: "best" } });
    expect(settings).toMatchObject({
      rollback: "none",
      retries: 2,
      insightWindow: 3,
      keep: "best",
      constraints: given.constraints,
      timeBudgetMs: 120_000,
      inputs: [
        { path: "data.csv", absolutePath: "/project/data.csv", show: "name" },
        { path: "/elsewhere/notes", absolutePath: "/elsewhere/notes", show: "full" },
      ],
    });
  });

  test("a time budget ends a trial that takes longer", async () => {
    const pipeline = await make({
      constraints: { timeBudget: 0.2 },
      experimenter: new ScriptExperimenter("sleep 30"),
      settings: { stop: { failures: 1 } },
    });
    await pipeline.run();
    const trial = pipeline.workspace.readTrial("i00001-h000-t00");
    expect(trial?.outcome.status).toBe("timeout");
  });

  test("what lies in the workspace's own folder for inputs is one, shown in prompts, found by trials and watched", async () => {
    const workspace = await Workspace.create(folder.join("run"));
    folder.write("project/a.txt", "x");
    writeFileSync(join(workspace.inputsDir(), "notes.md"), "lr above 1 diverges");
    const prompts: string[] = [];
    const runner = async (prompt: string) => {
      prompts.push(prompt);
      return '[{"x": 1}]';
    };
    const command = "sh -c 'grep -c diverges run/inputs/notes.md | sed s/^/score=/'";
    const given = {
      workspace,
      root: folder.path,
      artifacts: ["project"],
      researcher: new Researcher({ runner, promptTemplate: "{{inputs}}" }),
      experimenter: new ScriptExperimenter(command),
      maxIterations: 1,
    };
    expect(await (await make(given)).run()).toMatchObject({ best: { score: 1 } });
    expect(prompts[0]).toContain("lr above 1 diverges");
    expect(workspace.readManifest()?.inputs).toMatchObject([{ path: "run/inputs" }]);
    writeFileSync(join(workspace.inputsDir(), "notes.md"), "other");
    await expect((await make(given)).run()).rejects.toThrow(/input run\/inputs/);
  });
});

bwrap.test("a sandbox shows what lies there, read-only, and nothing else of the workspace", async () => {
  const workspace = await Workspace.create(folder.join("run"));
  writeFileSync(join(workspace.inputsDir(), "score.txt"), "score=7");
  const executor = new BwrapExecutor([
    "sh",
    "-c",
    "ls run >&2; echo x > run/inputs/score.txt; cat run/inputs/score.txt",
  ]);
  const experimenter = new SingleTrialExperimenter({ executor, collector: new StdoutCollector() });
  const pipeline = await make({ workspace, root: folder.path, experimenter, maxIterations: 1 });
  expect(await pipeline.run()).toMatchObject({ best: { score: 7 } });
  const log = folder.read("run/iterations/00001/trials/i00001-h000-t00.a1.stderr.log");
  expect(log).toMatch(/^inputs\niterations\n.*Read-only file system/);
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
