import { describe, expect, it } from "vitest";
import { AllTrialsAggregator, BestTrialAggregator } from "../../../../src/components/aggregators/index.ts";
import { StdoutCollector } from "../../../../src/components/collectors/index.ts";
import { NoEnvironment } from "../../../../src/components/environments/index.ts";
import { ScriptExecutor } from "../../../../src/components/executors/index.ts";
import {
  type ExperimenterParts,
  ScriptExperimenter,
  SingleTrialExperimenter,
} from "../../../../src/components/experimenters/index.ts";
import { ToolMissingError } from "../../../../src/kernel/errors.ts";
import type { RawResult } from "../../../../src/kernel/ports.ts";
import type { Experiment } from "../../../../src/model/experiment.ts";
import type { TrialOutcome } from "../../../../src/model/trial.ts";
import { executionRig, hypothesis, type RigOptions } from "../../../support/execution-rig.ts";

async function experiment(
  command: string,
  parts: Omit<ExperimenterParts, "executor"> & { readonly timeoutMs?: number } = {},
  options: RigOptions = {},
): Promise<Experiment> {
  using rig = executionRig(options);
  return await new ScriptExperimenter(command, { shell: true, ...parts }).runExperiment(
    hypothesis({ lr: 0.5 }),
    rig.ctx,
  );
}

function outcomeOf(done: Experiment): TrialOutcome {
  const [trial] = done.trials;
  if (!trial) throw new Error("no trial ran");
  return trial.outcome;
}

describe("an experiment of one trial", () => {
  it("completes with what the trial printed", async () => {
    const done = await experiment("echo '{\"accuracy\": 0.9}'");
    expect(done).toEqual({
      hypothesisId: "i00001-h000",
      status: "completed",
      trials: [
        {
          id: "i00001-h000-t00",
          index: 0,
          seed: expect.any(Number),
          outcome: { status: "completed", output: { accuracy: 0.9 } },
        },
      ],
      summary: { accuracy: 0.9, trials: { completed: 1, failed: 0 } },
    });
  });

  it.each([
    ["echo oops >&2; exit 3", "failed", { code: "exit-code", exitCode: 3, logTail: "oops\n" }],
    ["echo said; kill -9 $$", "signal", { code: "signal", signal: "SIGKILL", logTail: "said\n" }],
    ["echo nothing of note", "failed", { code: "metric-missing" }],
    ["sleep 60", "timeout", { code: "timeout" }],
    [
      "cat $AURA_PARAM_none",
      "failed",
      { code: "command-invalid", message: expect.stringContaining("AURA_PARAM_none") },
    ],
  ])("`%s` is recorded as what it was", async (command, status, failure) => {
    const done = await experiment(command, { timeoutMs: 300 });
    expect(done).toMatchObject({ status: "failed", summary: null, failure });
    expect(outcomeOf(done)).toMatchObject({ status, failure });
  });

  it("keeps the steps of a trial that failed", async () => {
    using rig = executionRig();
    const experimenter = new ScriptExperimenter("echo '{\"step\": 1}'; exit 1", { shell: true });
    expect(await experimenter.runExperiment(hypothesis(), rig.ctx)).toMatchObject({ status: "failed" });
    expect(rig.trials).toMatchObject([{ steps: [{ data: { step: 1 } }] }]);
  });
});

describe("an experiment of several trials", () => {
  it("runs them together, each with a seed of its own, and takes their mean", async () => {
    const done = await experiment("echo accuracy: $AURA_TRIAL_INDEX", { trials: 3 });
    expect(done.trials.map(({ index }) => index)).toEqual([0, 1, 2]);
    expect(done.summary).toEqual({
      accuracy: 1,
      spread: { accuracy: { sd: 1, min: 0, max: 2 } },
      trials: { completed: 3, failed: 0 },
    });
  });

  it("has seeds that depend on the run's seed and the repeat only", async () => {
    const seedsOf = async (id: string, seed: number): Promise<readonly number[]> => {
      using rig = executionRig({ settings: { seed } });
      const experimenter = new ScriptExperimenter("echo a: 1", { trials: 3 });
      return (await experimenter.runExperiment(hypothesis({}, id), rig.ctx)).trials.map((trial) => trial.seed);
    };
    const seeds = await seedsOf("i00001-h000", 7);
    expect(new Set(seeds).size).toBe(3);
    for (const seed of seeds)
      expect(seed).toSatisfy((value: number) => Number.isInteger(value) && value >= 0 && value < 2 ** 31);
    expect(await seedsOf("i00009-h004", 7)).toEqual(seeds);
    expect(await seedsOf("i00001-h000", 8)).not.toEqual(seeds);
  });

  it("takes the seeds that are listed, one trial for each", async () => {
    const done = await experiment("echo seed: $AURA_SEED", { seeds: [11, 22], aggregator: new AllTrialsAggregator() });
    expect(done.summary).toMatchObject({ seed: [11, 22] });
  });

  it("fails with the first failure, and says how many failed", async () => {
    const done = await experiment("[ $AURA_TRIAL_INDEX = 1 ] && exit 4; echo a: 1", { trials: 3 });
    expect(done).toMatchObject({ status: "failed", summary: null, failure: { code: "exit-code", exitCode: 4 } });
    expect(done.failure?.message).toBe("1 of 3 trials failed; i00001-h000-t01: exited with code 4");
    expect(done.trials.map(({ outcome }) => outcome.status)).toEqual(["completed", "failed", "completed"]);
  });

  it("fails when there is nothing to choose its best trial by", async () => {
    const aggregator = new BestTrialAggregator({ metric: "nope" });
    expect(await experiment("echo a: 1", { trials: 2, aggregator })).toMatchObject({
      status: "failed",
      summary: null,
      failure: { code: "no-summary", message: expect.stringMatching(/^no trial reported nope/) },
    });
  });

  it("completes when no more failed than may, unless all did", async () => {
    const two = await experiment("[ $AURA_TRIAL_INDEX = 1 ] && exit 4; echo a: 1", { trials: 3, allowFailed: 1 });
    expect(two).toMatchObject({ status: "completed", summary: { a: 1, trials: { completed: 2, failed: 1 } } });
    const all = await experiment("exit 1", { trials: 2, allowFailed: 5 });
    expect(all.failure?.message).toBe("2 of 2 trials failed; i00001-h000-t00: exited with code 1");
    const most = await experiment("[ $AURA_TRIAL_INDEX = 1 ] || exit 4; echo a: 1", { trials: 3, allowFailed: 1 });
    expect(most.failure?.message).toContain("2 of 3 trials failed, and 1 may; ");
  });

  it("ends all of them at a stop, and passes it on", async () => {
    using rig = executionRig();
    const running = new ScriptExperimenter("sleep 60", { trials: 2 }).runExperiment(hypothesis(), rig.ctx);
    rig.stop.abort(new Error("the user stopped"));
    await expect(running).rejects.toThrow("the user stopped");
  });
});

describe("where trials run", () => {
  it("is the project, or a copy with artifacts or when the executor asks for one", async () => {
    const where = async (options: RigOptions, cwd: "root" | "copy"): Promise<readonly string[]> => {
      using rig = executionRig(options);
      await new ScriptExperimenter("echo a: 1", { cwd, capture: true }).runExperiment(hypothesis(), rig.ctx);
      expect(rig.requests.every((request) => request.capture)).toBe(true);
      return rig.requests.map((request) => request.cwd);
    };
    expect(await where({}, "root")).toEqual(["root"]);
    expect(await where({}, "copy")).toEqual(["copy"]);
    expect(await where({ settings: { artifacts: ["src"] } }, "root")).toEqual(["copy"]);
  });
});

describe("checks", () => {
  const check = (name: string, command: string, shell = true) => ({ name, command, shell });

  it("run first, in order, and end at the first that fails, without a trial", async () => {
    using rig = executionRig({
      settings: {
        checks: [check("lint", "echo linted"), check("tests", "echo 2 failed >&2; exit 1"), check("late", "true")],
      },
    });
    const done = await new ScriptExperimenter("echo a: 1").runExperiment(hypothesis(), rig.ctx);
    expect(done).toMatchObject({
      status: "failed",
      trials: [],
      summary: null,
      failure: {
        code: "check-failed",
        message: 'check "tests" failed: exited with code 1',
        exitCode: 1,
        logTail: "2 failed\n",
      },
    });
    expect(done.checks?.map(({ id, outcome }) => [id, outcome.status])).toEqual([
      ["i00001-h000-c00", "completed"],
      ["i00001-h000-c01", "failed"],
    ]);
    expect(rig.requests.map(({ kind, index }) => [kind, index])).toEqual([
      ["check", 0],
      ["check", 1],
    ]);
  });

  it("that pass let the trials run, with the executor's variables and the hypothesis's values", async () => {
    const done = await experiment(
      "echo a: 1",
      {},
      { settings: { checks: [{ name: "values", command: "test {lr} = 0.5", shell: false, timeoutMs: 5000 }] } },
    );
    expect(done.failure).toBeUndefined();
    expect(done).toMatchObject({ status: "completed", checks: [{ outcome: { status: "completed", output: {} } }] });
  });

  it("of an executor that runs commands are run by it", async () => {
    using rig = executionRig({ settings: { checks: [check("env", 'test "$MARK" = yes')] } });
    const experimenter = new ScriptExperimenter("echo a: 1", { env: { MARK: "yes" } });
    expect(await experimenter.runExperiment(hypothesis(), rig.ctx)).toMatchObject({ status: "completed" });
  });

  it("that hang are ended at their timeout", async () => {
    using rig = executionRig({ settings: { checks: [{ ...check("slow", "sleep 60"), timeoutMs: 150 }] } });
    expect(await new ScriptExperimenter("echo a: 1").runExperiment(hypothesis(), rig.ctx)).toMatchObject({
      status: "failed",
      failure: { code: "check-failed", message: expect.stringContaining("slow") },
    });
  });
});

describe("a subclass", () => {
  it("overrides parts as fields and steps as methods", async () => {
    class Mine extends SingleTrialExperimenter {
      readonly calls: string[] = [];
      override readonly environment = new NoEnvironment();
      override readonly executor = new ScriptExecutor("echo accuracy: {lr}");
      override readonly collector = new StdoutCollector();

      override async prepare(...args: Parameters<SingleTrialExperimenter["prepare"]>) {
        this.calls.push("prepare");
        return super.prepare(...args);
      }
      override async execute(...args: Parameters<SingleTrialExperimenter["execute"]>): Promise<RawResult> {
        this.calls.push("execute");
        return super.execute(...args);
      }
      override async collect(...args: Parameters<SingleTrialExperimenter["collect"]>) {
        this.calls.push("collect");
        return super.collect(...args);
      }
      override async cleanup(): Promise<void> {
        this.calls.push("cleanup");
      }
    }
    using rig = executionRig();
    const mine = new Mine();
    expect(await mine.runExperiment(hypothesis({ lr: 0.5 }), rig.ctx)).toMatchObject({ summary: { accuracy: 0.5 } });
    expect(mine.calls).toEqual(["prepare", "execute", "collect", "cleanup"]);
  });

  it("that throws fails its trial, and is cleaned up; what AURA itself cannot do ends the run", async () => {
    class Throwing extends SingleTrialExperimenter {
      readonly #error: Error;
      cleaned = false;
      constructor(error: Error) {
        super();
        this.#error = error;
      }
      override async execute(): Promise<RawResult> {
        throw this.#error;
      }
      override async cleanup(): Promise<void> {
        this.cleaned = true;
      }
    }
    using rig = executionRig();
    const failing = new Throwing(new Error("no luck"));
    expect(await failing.runExperiment(hypothesis(), rig.ctx)).toMatchObject({
      status: "failed",
      failure: { code: "function-threw", message: "the function threw: no luck" },
    });
    expect(failing.cleaned).toBe(true);
    const broken = new Throwing(new ToolMissingError("uv", "uv is missing"));
    await expect(broken.runExperiment(hypothesis(), rig.ctx)).rejects.toThrow("uv is missing");
  });

  it("without an executor says what to do", async () => {
    using rig = executionRig();
    class Empty extends SingleTrialExperimenter {}
    await expect(new Empty().runExperiment(hypothesis(), rig.ctx)).rejects.toThrow(/override execute/);
  });
});

describe("setup and teardown", () => {
  it("reach the parts, teardown in reverse order and also behind a failure", async () => {
    using rig = executionRig();
    const calls: string[] = [];
    const part = (name: string) => ({
      setup: async () => void calls.push(`+${name}`),
      teardown: async () => {
        calls.push(`-${name}`);
        if (name === "executor") throw new Error("stuck");
      },
    });
    const experimenter = new SingleTrialExperimenter({
      environment: Object.assign(new NoEnvironment(), part("environment")),
      executor: Object.assign(new ScriptExecutor("true"), part("executor")),
      collector: Object.assign(new StdoutCollector(), part("collector")),
    });
    await experimenter.setup(rig.ctx);
    await expect(experimenter.teardown(rig.ctx)).rejects.toThrow("stuck");
    expect(calls).toEqual(["+environment", "+executor", "+collector", "-collector", "-executor", "-environment"]);
  });
});
