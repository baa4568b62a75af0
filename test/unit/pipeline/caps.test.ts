import { describe, expect, test } from "vitest";
import { type PipelineOptions, type Runner, SearchResearcher, Workspace } from "../../../src/index.ts";
import type { Effects } from "../../../src/kernel/effects.ts";
import { StorageError } from "../../../src/kernel/errors.ts";
import { systemEffects } from "../../../src/platform/system.ts";
import { runPipeline } from "../../support/pipeline-run.ts";
import { testFolder } from "../../support/test-folder.ts";

const folder = testFolder();

type Stop = NonNullable<NonNullable<PipelineOptions["settings"]>["stop"]>;

/** A judge whose every call uses so many tokens, of the `most` that it may; answers when the event loop has gone round. */
function judge(
  tokens: number,
  most: number | null | "prompt",
): Runner & { readonly seen: { now: number; most: number } } {
  const seen = { now: 0, most: 0 };
  return {
    name: "judge",
    seen,
    mostTokens: (promptTokens) => (most === "prompt" ? promptTokens : most),
    async run() {
      seen.now++;
      seen.most = Math.max(seen.most, seen.now);
      await new Promise((resolve) => setImmediate(resolve));
      seen.now--;
      return { content: "0.5", usage: { inputTokens: tokens - 1, outputTokens: 1, costUsd: tokens / 1000 } };
    },
  };
}

/** Scores 50 hypotheses at once, each by a call; the first also by one with a `long` prompt. */
async function run(runner: Runner, stop: Stop, effects: Effects = systemEffects(), long = "") {
  const evaluator: PipelineOptions["evaluator"] = {
    async evaluate({ id }, _experiment, { calls }) {
      const first = { runner, role: "reviewer", prompt: long, hypothesisId: id, ask: 1 } as const;
      if (long !== "" && id === "i00001-h000") await calls.ask(first);
      await calls.ask({ runner, role: "evaluator", prompt: "Score it.", hypothesisId: id, ask: 1 });
      return { hypothesisId: id, score: 0.5, passed: true, reason: "judged", details: {} };
    },
  };
  const space = { x: { type: "float", low: 0, high: 1 } } as const;
  const { result } = await runPipeline(folder, {
    researcher: new SearchResearcher({ method: "random", numTasks: 50, space }),
    evaluator,
    workspace: await Workspace.create(folder.join("run"), { ifExists: "resume", effects }),
    settings: { parallel: 50, stop },
  });
  return result;
}

const used = ({ inputTokens, outputTokens }: { readonly inputTokens: number; readonly outputTokens: number }) =>
  inputTokens + outputTokens;

describe("a cap, at 50 calls at once", () => {
  test.each([
    ["that know the most they may use", 100],
    ["that do not know what they may use", null],
    ["that use more than they were said to, as a server adds a prompt of its own", 10],
    ["of which those with a short prompt use more than they were said to", "prompt" as const],
  ])("is overshot by one call at most, by calls %s", async (_, most) => {
    const runner = judge(100, most);
    const long = most === "prompt" ? "A long prompt. ".repeat(100) : "";
    const result = await run(runner, { iterations: 1, tokens: 1050 }, systemEffects(), long);
    expect(result).toMatchObject({ reason: "tokens", exitCode: 0 });
    expect(used(result.totals)).toBeGreaterThanOrEqual(1050);
    expect(used(result.totals)).toBeLessThanOrEqual(1150);
    expect(runner.seen.most).toBeGreaterThan(1);
  });

  test("of money holds as well", async () => {
    const result = await run(judge(100, null), { iterations: 1, costUsd: 1.05 });
    expect(result.reason).toBe("cost");
    expect(result.totals.costUsd).toBeCloseTo(1.1);
  });

  test("leaves the rest unscored, which a resume with a higher one scores, and pays for nothing twice", async () => {
    await run(judge(100, 100), { iterations: 1, tokens: 1050 });
    const again = await run(judge(100, 100), { iterations: 1, tokens: 1050 });
    expect(again).toMatchObject({ reason: "tokens", totals: { calls: 11 } });
    const more = await run(judge(100, 100), { iterations: 1, tokens: 1_000_000 });
    expect(more).toMatchObject({ reason: "iterations", totals: { calls: 50, trials: 50 } });
  });

  test("keeps nobody waiting for a call that could not even be recorded", async () => {
    const { files, ...effects } = systemEffects();
    const writeAtomic: typeof files.writeAtomic = (path, ...rest) => {
      if (path.includes("/calls/")) throw new StorageError("write", path, new Error("no space left"));
      files.writeAtomic(path, ...rest);
    };
    const full = { ...effects, files: Object.assign(Object.create(files), { writeAtomic }) };
    await expect(run(judge(100, null), { iterations: 1, tokens: 1050 }, full)).rejects.toThrow(/calls/);
  });

  test("lets all of them run when there is none", async () => {
    const runner = judge(100, null);
    expect((await run(runner, { iterations: 1 })).totals.calls).toBe(50);
    expect(runner.seen.most).toBe(50);
  });
});

test("a runner that tells no token counts is counted by an estimate, marked as one, so that a cap on tokens holds", async () => {
  const runner: Runner = { name: "agent", run: async () => ({ content: "x".repeat(400) }) };
  const result = await run(runner, { iterations: 1, tokens: 1000 });
  expect(result.reason).toBe("tokens");
  expect(used(result.totals)).toBeGreaterThanOrEqual(1000);
  expect(used(result.totals)).toBeLessThanOrEqual(1103);
  const workspace = await Workspace.open(folder.join("run"));
  expect(workspace.readCall(1, "i00001-h000-evaluator-a1")).toMatchObject({
    usage: { inputTokens: 3, outputTokens: 100, estimated: true },
  });
});
