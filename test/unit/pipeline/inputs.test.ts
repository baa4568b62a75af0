import { utimesSync, writeFileSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { FunctionExperimenter, MetricEvaluator, Pipeline, SearchResearcher, Workspace } from "../../../src/index.ts";
import { guardInputs, recordInputs } from "../../../src/pipeline/inputs.ts";
import { systemFiles } from "../../../src/platform/files.ts";
import { type TemporaryDirectory, temporaryDirectory } from "../../../src/testing/temp-dir.ts";

let folder: TemporaryDirectory;
beforeEach(() => {
  folder = temporaryDirectory();
  writeFileSync(folder.join("data.csv"), "1,2\n");
});
afterEach(() => folder[Symbol.dispose]());

const input = () => ({ path: "data.csv", absolutePath: folder.join("data.csv"), show: "name" as const });

function guard() {
  const files = systemFiles();
  return guardInputs([input()], recordInputs([input()], files), files);
}

/** A run of six trials; the one of the number `culprit` changes the input. */
async function run(culprit: number, options: { parallel?: number; retries?: number; acceptChange?: boolean } = {}) {
  const { parallel = 1, retries = 0, acceptChange = false } = options;
  const workspace = await Workspace.create(folder.join("run"), { ifExists: "resume" });
  let started = 0;
  let release = (): void => undefined;
  const changed = new Promise<void>((resolve) => {
    release = resolve;
  });
  const pipeline = new Pipeline({
    researcher: new SearchResearcher({
      method: "random",
      numTasks: 6,
      space: { x: { type: "float", low: 0, high: 1 } },
    }),
    experimenter: new FunctionExperimenter(async (spec) => {
      const number = started++;
      if (number === culprit) {
        writeFileSync(folder.join("data.csv"), "1,2\n3,4\n");
        release();
      } else if (parallel > 1) await changed;
      return { score: spec.x };
    }),
    evaluator: new MetricEvaluator({ metric: "score" }),
    settings: { parallel, retries, inputs: [input()] },
    workspace,
    maxIterations: 1,
    acceptChange,
  });
  const end = await pipeline.run().catch((thrown: unknown) => thrown);
  const trials = workspace.listTrials(1).map((id) => workspace.readTrialRecord(id));
  return { end, started, trials, workspace };
}

describe("a trial that changes an input", () => {
  test("has failed, alone, and ends the run before another one starts", async () => {
    const { end, started, trials, workspace } = await run(2, { retries: 1 });
    expect(started).toBe(3);
    expect(end).toMatchObject({
      exitCode: 1,
      message: expect.stringMatching(
        /input data\.csv is no longer what the run started with[\s\S]*--accept-spec-change/,
      ),
    });
    expect(trials).toMatchObject([
      { outcome: { status: "completed" } },
      { outcome: { status: "completed" } },
      {
        outcome: { failure: { code: "input-changed", message: expect.stringMatching(/^the trial changed an input/) } },
      },
    ]);
    expect(workspace.readManifest()?.status).toBe("failed");
  });

  test("cannot be told from those that ran at the same time, which have failed too", async () => {
    const { started, trials } = await run(0, { parallel: 2 });
    expect(started).toBe(2);
    const failure = {
      code: "input-changed",
      message: expect.stringMatching(/changed while this trial and others ran/),
    };
    expect(trials).toMatchObject([{ outcome: { failure } }, { outcome: { failure } }]);
  });

  test("lets the run go on once the input is put back, or the change is accepted", async () => {
    await run(2);
    expect((await run(-1)).end).toMatchObject({
      exitCode: 2,
      message: expect.stringMatching(/input data\.csv has other/),
    });
    writeFileSync(folder.join("data.csv"), "1,2\n");
    const { end, started, trials } = await run(-1);
    expect(end).toMatchObject({ reason: "iterations", exitCode: 0 });
    expect(started).toBe(3);
    expect(trials).toHaveLength(6);
  });
});

describe("the guard of the inputs", () => {
  test("goes by contents where a time has changed", () => {
    const inputs = guard();
    utimesSync(folder.join("data.csv"), 1, 1);
    expect(inputs.changed()).toBeNull();
    writeFileSync(folder.join("data.csv"), "2,1\n");
    expect(inputs.changed()).toBe("data.csv");
    expect(() => inputs.watch()).toThrow(/data\.csv/);
  });

  test("blames a trial alone when no other ran with it, however many ran before", () => {
    const inputs = guard();
    {
      using before = inputs.watch();
      expect(before.problem()).toBeNull();
    }
    using alone = inputs.watch();
    writeFileSync(folder.join("data.csv"), "2,1\n");
    expect(alone.problem()).toMatch(/^the trial changed/);
  });
});
