import { describe, expect, test } from "vitest";
import {
  CommandRunner,
  Evaluator,
  FunctionExperimenter,
  LLMExperimenter,
  type PipelineOptions,
  Researcher,
  type Runner,
  type RunnerContext,
  RunnerError,
  type RunnerRequest,
  SearchResearcher,
  Workspace,
} from "../../../src/index.ts";
import type { AuraEvent } from "../../../src/kernel/events.ts";
import { systemEffects } from "../../../src/platform/system.ts";
import { ManualClock } from "../../../src/testing/manual-clock.ts";
import { temporaryDirectory } from "../../../src/testing/temp-dir.ts";
import { inspectRefused } from "../../../src/workspace/views/queries.ts";
import { runPipeline } from "../../support/pipeline-run.ts";
import { testFolder } from "../../support/test-folder.ts";

const folder = testFolder();

type Stop = Partial<NonNullable<NonNullable<PipelineOptions["settings"]>["stop"]>>;

const usage = { inputTokens: 100_000, outputTokens: 5000, costUsd: 3 };

/** A runner in code that is asked for proposals, and how often it was. */
function runner(
  answer: (request: RunnerRequest) => Awaited<ReturnType<Runner["run"]>>,
): Runner & { asked: () => number } {
  let asked = 0;
  return {
    name: "agent",
    asked: () => asked,
    async run(request) {
      asked++;
      return answer(request);
    },
  };
}

const ONE = new FunctionExperimenter(() => ({ score: 1 }));

function run(model: Runner, stop: Stop) {
  const researcher = new Researcher({ runner: model, numTasks: 1 });
  return runPipeline(folder, { researcher, experimenter: ONE, settings: { stop: { failures: 10, ...stop } } });
}

describe("a call that failed and was paid for", () => {
  test("counts, keeps what was answered, and ends the run at its budget", async () => {
    const model = runner(() => {
      throw new RunnerError("failed", "context overflow", { usage, reply: `{"is_error":true}${"x".repeat(100_000)}` });
    });
    const { result, workspace } = await run(model, { costUsd: 5 });
    expect(model.asked()).toBe(2);
    expect(result).toMatchObject({ reason: "nothing-scored", exitCode: 1 });
    expect(result.totals).toMatchObject({ calls: 2, inputTokens: 200_000, outputTokens: 10_000, costUsd: 6 });
    const record = workspace.readCall(2, "i00002-researcher-a1");
    expect(record).toMatchObject({ state: "failed", usage, failure: { message: "context overflow" } });
    const response = record?.state === "failed" ? record.response : undefined;
    expect(response).toMatch(/^\{"is_error":true\}x+\n\[\d+ characters left out\]\nx+$/);
    expect(response?.length).toBeLessThan(70_000);
  });

  test("is found in its record when the manifest was lost with the process", async () => {
    const model = runner(() => {
      throw new RunnerError("failed", "context overflow", { usage });
    });
    const { workspace } = await run(model, { costUsd: 5 });
    const manifest = workspace.readManifest();
    if (!manifest) throw new Error("there is no manifest");
    const totals = { ...manifest.totals, calls: 0, costUsd: 0, inputTokens: 0 };
    workspace.effects.files.writeAtomic(folder.join("run/run.json"), JSON.stringify({ ...manifest, totals }));
    const { result } = await run(model, { costUsd: 5 });
    expect(model.asked()).toBe(2);
    expect(result.totals).toMatchObject({ calls: 2, costUsd: 6 });
  });

  test("counts by an estimate where it had begun its work and tells no counts", async () => {
    const model = new CommandRunner(["sh", "-c", "cat; sleep 60"], { timeout: 0.5 });
    const { result, workspace } = await run(model, { tokens: 1 });
    expect(result.totals.calls).toBe(1);
    expect(result.totals.inputTokens).toBeGreaterThan(50);
    const { inputTokens } = result.totals;
    expect(workspace.readCall(1, "i00001-researcher-a1")).toMatchObject({
      state: "failed",
      usage: { inputTokens, outputTokens: inputTokens, estimated: true },
    });
  });

  test("counts for nothing when nothing was used", async () => {
    const model = runner(() => {
      throw new RunnerError("failed", "no such file");
    });
    const { result } = await run(model, { costUsd: 5 });
    expect(result).toMatchObject({ reason: "no-proposals", totals: { calls: 0, costUsd: 0 } });
  });
});

test("a run that one call ends waits for the others, which are paid for, and sends no more", async () => {
  const asked: string[] = [];
  const judge: Runner = {
    name: "judge",
    async run({ part = "" }) {
      asked.push(part);
      if (part === "vote-1") throw new RunnerError("unavailable", "gone");
      await new Promise((resolve) => setTimeout(resolve, 50));
      return { content: "no score", usage };
    },
  };
  const evaluator = new Evaluator({ runner: judge, votes: 2 });
  const { result, workspace, events } = await runPipeline(folder, { evaluator, maxIterations: 1 });
  expect(result).toMatchObject({ reason: "paused", exitCode: 75, totals: { calls: 1 } });
  expect(asked).toEqual(["vote-1", "vote-2"]);
  expect(workspace.readCall(1, "i00001-h000-evaluator-vote-2-a1")).toMatchObject({ state: "finished", usage });
  expect(events).not.toContainEqual(expect.objectContaining({ type: "warning" }));
});

describe("a wait for a busy provider", () => {
  test("ends when the run is to start nothing more, and what it used counts", async () => {
    const json = '{"is_error":true,"result":"429; try again in 4 m","usage":{"input_tokens":5,"output_tokens":2}}';
    const model = new CommandRunner(["echo", json], { outputFormat: "json", maxWait: "5m" });
    const stop = new AbortController();
    const onEvent = (event: AuraEvent): void => {
      if (event.type === "warning" && event.code === "runner-waiting") stop.abort();
    };
    const researcher = new Researcher({ runner: model, numTasks: 1 });
    const { result } = await runPipeline(folder, { researcher }, { drain: stop.signal, onEvent });
    expect(result).toMatchObject({ reason: "interrupted", exitCode: 130, totals: { calls: 1, inputTokens: 5 } });
  }, 20_000);
});

describe("asking again", () => {
  test("leaves what was dropped in the record, each once, also where the last ask fails", async () => {
    const replies = ['[{"id": "a", "lr": 9}, {"id": "b", "lr": 0.5}, 7]', "Hm.", "Hm."];
    for (const last of ["Hm.", null]) {
      using there = temporaryDirectory();
      const model = runner(({ ask }) => {
        const content = ask < 3 ? replies[ask - 1] : last;
        if (typeof content !== "string") throw new RunnerError("failed", "gone");
        return { content };
      });
      const researcher = new Researcher({ runner: model, space: { lr: { type: "categorical", choices: [1] } } });
      const { workspace } = await runPipeline(there, { researcher, experimenter: ONE, maxIterations: 1 });
      const told = inspectRefused(workspace.root, workspace.effects).map(({ label }) => label);
      expect(told.slice(0, 4)).toEqual(["a", "b", "#3", "the whole reply"]);
      expect(told).toHaveLength(last === null ? 5 : 4);
    }
  });

  test("follows a reply that the runner could make nothing of, with its reason", async () => {
    const prompts: string[] = [];
    const model = runner(({ prompt, ask }) => {
      prompts.push(prompt);
      return ask < 3 ? { content: "<oops>", unusable: "it is not JSON" } : { content: '[{"x": 1}]' };
    });
    const { result, workspace, events } = await run(model, { iterations: 1 });
    expect(result).toMatchObject({ reason: "iterations", best: { score: 1 } });
    const whys = events.flatMap((event) => (event.type === "call.started" ? [event.because] : []));
    expect(whys).toEqual([undefined, "it is not JSON", "it is not JSON"]);
    expect(inspectRefused(workspace.root, workspace.effects)).toEqual([
      { iteration: 1, label: "the whole reply", reason: "it is not JSON" },
    ]);
    expect(prompts[1]).toMatch(/<oops>[\s\S]*It could not be used: it is not JSON/);
    expect(workspace.readCall(1, "i00001-researcher-a1")).toMatchObject({
      state: "finished",
      response: "<oops>",
      unusable: "it is not JSON",
    });
  });

  test("is not paid for once a budget is spent, and the iteration says so", async () => {
    const model = runner(() => ({ content: "no idea", usage }));
    const { result, workspace } = await run(model, { costUsd: 2 });
    expect(model.asked()).toBe(1);
    expect(result).toMatchObject({ reason: "nothing-scored", exitCode: 1, totals: { calls: 1, costUsd: 3 } });
    expect(workspace.readIteration(1)).toMatchObject({
      failure: {
        message: expect.stringMatching(/in its one reply, "no idea": .*nothing more is asked.*stop\.cost_usd/),
      },
    });
  });

  test("takes a recorded reply whatever has been spent", async () => {
    const model = runner(({ ask }) => ({ content: ask === 1 ? "no idea" : '[{"x": 1}]', usage }));
    const { workspace } = await run(model, { iterations: 1, costUsd: 4 });
    workspace.effects.files.remove(folder.join("run/iterations/00001/iteration.json"));
    workspace.effects.files.remove(folder.join("run/iterations/00001/hypotheses"));
    const { result } = await run(model, { iterations: 1, costUsd: 4 });
    expect(model.asked()).toBe(2);
    expect(result.totals.costUsd).toBe(6);
    expect(workspace.readIteration(1)).toMatchObject({ hypotheses: ["i00001-h000"] });
  });
});

test("trials that left no files count also where AURA was killed before the manifest told of them", async () => {
  const model = runner(({ iteration }) => ({ content: JSON.stringify([{ x: iteration }]) }));
  const { result, workspace } = await run(model, { iterations: 2 });
  expect(result.totals.trials).toBe(2);
  const manifest = folder.read("run/run.json") ?? "";
  folder.write("run/run.json", manifest.replace(/"trials": 2/, '"trials": 0'));
  workspace.effects.files.remove(folder.join("run/iterations/00002/iteration.json"));
  expect((await run(model, { iterations: 3 })).result.totals.trials).toBe(3);
});

test("an attempt and a batch that AURA was killed before it began count for nothing", async () => {
  const model = runner(({ iteration }) => ({ content: JSON.stringify([{ x: iteration }]) }));
  const { workspace } = await run(model, { iterations: 2 });
  const iteration = "run/iterations/00002";
  const record = JSON.parse(folder.read(`${iteration}/iteration.json`) ?? "");
  folder.write(`${iteration}/iteration.json`, JSON.stringify({ iteration: 2, base: record.base, state: "started" }));
  for (const kind of ["experiments", "evaluations", "trials"])
    workspace.effects.files.remove(folder.join(iteration, kind));
  folder.write(`${iteration}/trials/i00002-h000-t00.a1/params.json`, "{}");
  const manifest = folder.read("run/run.json") ?? "";
  folder.write("run/run.json", manifest.replace(/"(trials|hypotheses)": 2/g, '"$1": 1'));
  expect((await run(model, { iterations: 2 })).result.totals).toMatchObject({ trials: 2, hypotheses: 2 });
});

describe("a budget that ends a run", () => {
  const model = () => runner(() => ({ content: '[{"x": 1}, {"x": 2}]', usage }));

  test("in the middle of a batch without a score has failed, and still has when it is resumed", async () => {
    const { result } = await run(model(), { costUsd: 2 });
    expect(result).toMatchObject({ reason: "nothing-scored", exitCode: 1, totals: { trials: 0 } });
    const again = model();
    expect((await run(again, { costUsd: 2 })).result).toMatchObject({ reason: "nothing-scored", exitCode: 1 });
    expect(again.asked()).toBe(0);
  });

  test("with a score in the batch that it cut short has not", async () => {
    const now = { ms: 0 };
    const system = systemEffects();
    const effects = { ...system, clock: { ...system.clock, monotonic: () => now.ms } };
    const timed = async () => {
      const experimenter = new FunctionExperimenter(() => {
        now.ms += 60_000;
        return { score: 1 };
      });
      const workspace = await Workspace.create(folder.join("timed"), { ifExists: "resume", effects });
      const space = { x: { type: "float", low: 0, high: 1 } } as const;
      const researcher = new SearchResearcher({ method: "random", numTasks: 2, space });
      const settings = { stop: { failures: 10, wallClockMs: 50_000 } };
      return (await runPipeline(folder, { researcher, experimenter, settings, workspace })).result;
    };
    expect(await timed()).toMatchObject({ reason: "wall-clock", exitCode: 0, totals: { trials: 1 } });
    expect(await timed()).toMatchObject({ reason: "wall-clock", exitCode: 0, totals: { trials: 1 } });
  });
});

test("a trial whose reply was of no use asks again at each retry and, like a judge, when what failed is run again", async () => {
  const model = runner(() => (model.asked() < 5 ? { content: "ans", unusable: "cut" } : { content: "answer" }));
  const judge = runner(() => ({ content: judge.asked() < 4 ? "well" : "1" }));
  const go = async (retryFailed?: true) => {
    const experimenter = new LLMExperimenter({ runner: model, promptTemplate: "{{x}}" });
    const evaluator = new Evaluator({ runner: judge });
    const settings = { retries: 2, stop: { iterations: 1, failures: 10 } };
    const again = retryFailed ? { retryFailed } : {};
    const { workspace } = await runPipeline(folder, { experimenter, evaluator, settings }, again);
    return [workspace.readTrial("i00001-h000-t00")?.outcome.status, workspace.readEvaluation("i00001-h000")?.score];
  };
  expect(await go()).toEqual(["failed", null]);
  expect([model.asked(), judge.asked()]).toEqual([3, 0]);
  expect(await go(true)).toEqual(["completed", null]);
  expect([model.asked(), judge.asked()]).toEqual([5, 3]);
  expect(await go(true)).toEqual(["completed", 1]);
  expect([model.asked(), judge.asked()]).toEqual([5, 4]);
});

test("a note that comes between an answer and the resume is for the next iteration: nothing is asked again", async () => {
  const model = runner(() => ({ content: '[{"x": 1}]', usage }));
  const { workspace } = await run(model, { iterations: 1 });
  const { iteration } = workspace.readIteration(1) ?? { iteration: 0 };
  const lock = await workspace.lock();
  workspace.writeIteration({ iteration, state: "started" });
  workspace.removeHypothesis("i00001-h000");
  lock.release();
  folder.write("run/notes/said.md", "Try 2.");
  await run(model, { iterations: 1 });
  expect(model.asked()).toBe(1);
  expect(workspace.readIteration(1)).not.toHaveProperty("notes");
});

describe("with a time budget for trials", () => {
  const spent = async (answer: (ctx: RunnerContext, clock: ManualClock) => Promise<{ content: string }>) => {
    const clock = new ManualClock();
    const effects = { ...systemEffects(), clock };
    const workspace = await Workspace.create(folder.join("run"), { effects });
    const { result } = await runPipeline(folder, {
      experimenter: new LLMExperimenter({
        runner: { name: "model", run: (_, ctx) => answer(ctx, clock) },
        promptTemplate: "What is {{x}}?",
      }),
      evaluator: new Evaluator({ runner: async () => "1" }),
      settings: { constraints: { time_budget: "30s" }, stop: { iterations: 1, failures: 10 } },
      workspace,
    });
    const call = workspace.readCall(1, "i00001-h000-experimenter-t00-a1");
    return { result, call, outcome: workspace.readTrial("i00001-h000-t00")?.outcome };
  };

  test("a trial whose call takes longer is ended and timed out, and its prompt counts as paid for", async () => {
    const { result, call, outcome } = await spent(async ({ signal }, clock) => {
      await clock.advance(30_001);
      signal.throwIfAborted();
      return { content: "late" };
    });
    expect(outcome).toMatchObject({ status: "timeout", failure: { code: "timeout", message: "timed out after 30 s" } });
    expect(call).toMatchObject({ state: "failed", usage: { outputTokens: 0, estimated: true } });
    expect(result).toMatchObject({ exitCode: 1, reason: "nothing-scored", totals: { trials: 1 } });
  });

  test("what a provider is waited for does not count, once a request has failed", async () => {
    const { outcome } = await spent(async ({ signal, tried }, clock) => {
      tried?.({ startedAt: clock.now().toISOString(), durationMs: 5, reason: "busy" });
      await clock.advance(120_000);
      signal.throwIfAborted();
      return { content: "at last" };
    });
    expect(outcome).toMatchObject({ status: "completed", output: "at last" });
  });
});
