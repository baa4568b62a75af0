import { describe, expect, it } from "vitest";
import { asRunner, FunctionRunner, LLMRunner } from "../../../../src/components/runners/llm.ts";
import { ModelRunner } from "../../../../src/components/runners/model.ts";
import { RunnerError, SpecError } from "../../../../src/kernel/errors.ts";
import { NO_TOTALS } from "../../../../src/model/run.ts";
import { anthropicConnection } from "../../../../src/platform/llm-anthropic.ts";
import { openaiConnection } from "../../../../src/platform/llm-openai.ts";
import { systemEffects } from "../../../../src/platform/system.ts";
import { startModelServer } from "../../../support/model-server.ts";
import { runnerContext, runnerRequest } from "../../../support/scripted-runner.ts";
import { stageContext } from "../../../support/stage-context.ts";

describe("LLMRunner and FunctionRunner", () => {
  it("answer with a function's text or its content, usage and model", async () => {
    const usage = { inputTokens: 1, outputTokens: 2 };
    const rich = new FunctionRunner((prompt, ctx) => ({
      content: `${prompt} ${ctx.role} ${ctx.ask}`,
      usage,
      model: "m",
    }));
    expect(await rich.run(runnerRequest("hi"), runnerContext())).toEqual({
      content: "hi researcher 1",
      usage,
      model: "m",
    });
    const plain = new LLMRunner(async (prompt) => prompt.toUpperCase());
    expect(await plain.run(runnerRequest("hi"), runnerContext())).toEqual({ content: "HI" });
  });

  it("turn what the function throws, and what is no answer, into runner errors", async () => {
    const broken = new FunctionRunner(() => {
      throw new TypeError("boom");
    });
    await expect(broken.run(runnerRequest("x"), runnerContext())).rejects.toMatchObject({
      problem: "failed",
      message: "function failed: boom",
    });
    for (const nothing of [undefined, 3, { text: "x" }, { content: 1 }]) {
      const run = new FunctionRunner(() => nothing).run(runnerRequest("x"), runnerContext());
      await expect(run).rejects.toMatchObject({ problem: "unusable-reply" });
    }
    const hostile = new FunctionRunner(() => ({ content: "x", usage: { inputTokens: Number.NaN, outputTokens: -1 } }));
    expect(await hostile.run(runnerRequest("x"), runnerContext())).toEqual({ content: "x" });
  });

  it("pass an abort on as it is", async () => {
    const stop = new AbortController();
    const runner = new LLMRunner(async (_prompt, { signal }) => {
      stop.abort(new Error("user stop"));
      signal.throwIfAborted();
      return "never";
    });
    await expect(runner.run(runnerRequest("x"), runnerContext(stop.signal))).rejects.toThrow("user stop");
  });

  it("leave a function behind that does not heed the abort", async () => {
    const stop = new AbortController();
    const runner = new FunctionRunner(() => {
      setImmediate(() => stop.abort(new Error("user stop")));
      return new Promise(() => {});
    });
    await expect(runner.run(runnerRequest("x"), runnerContext(stop.signal))).rejects.toThrow("user stop");
  });

  it("read token counts in the form of either provider", async () => {
    for (const usage of [
      { input_tokens: 1, output_tokens: 2 },
      { prompt_tokens: 1, completion_tokens: 2 },
    ]) {
      const reply = await new FunctionRunner(() => ({ content: "x", usage })).run(runnerRequest("x"), runnerContext());
      expect(reply.usage).toEqual({ inputTokens: 1, outputTokens: 2 });
    }
  });
});

describe("asRunner", () => {
  it("takes runners and functions, and refuses the rest", () => {
    const runner = new FunctionRunner(() => "x");
    expect(asRunner(runner)).toBe(runner);
    expect(asRunner(async () => "x")).toBeInstanceOf(LLMRunner);
    expect(() => Reflect.apply(asRunner, null, [{}])).toThrow(SpecError);
  });
});

describe("ModelRunner", () => {
  it.each([
    ["anthropic", anthropicConnection],
    ["openai", openaiConnection],
  ])("%s misses its key before anything is spent", async (name, connect) => {
    const effects = { ...systemEffects(), variables: { get: () => undefined, names: () => [] } };
    const runner = new ModelRunner(name, "m", connect({ model: "m", apiKeyEnv: "AURA_TEST_NO_SUCH_KEY" }, effects));
    const setup = runner.setup(stageContext());
    await expect(setup).rejects.toMatchObject({ problem: "credentials", exitCode: 7 });
    await expect(setup).rejects.toThrow(/AURA_TEST_NO_SUCH_KEY is not set/);
    await expect(setup).rejects.toBeInstanceOf(RunnerError);
  });

  it.each([
    ["a run that has had replies waits for", 1, null],
    ["a run without any takes for a wrong address", 0, "rejected"],
  ])("of %s a server that answers with pages of HTML", async (_what, calls, problem) => {
    const page = { kind: "garbage" } as const;
    await using server = await startModelServer([page, page, page, page, { kind: "text", text: "ok" }]);
    const system = systemEffects();
    const effects = {
      ...system,
      clock: { ...system.clock, sleep: async () => {} },
      variables: { get: () => "sk-test-0123456789", names: () => ["MY_KEY"] },
    };
    const connection = anthropicConnection({ model: "m", apiKeyEnv: "MY_KEY", baseUrl: server.url }, effects);
    const runner = new ModelRunner("main", "m", connection);
    await runner.setup({ ...stageContext(), effects, totals: () => ({ ...NO_TOTALS, calls }) });
    const asked = runner.run(runnerRequest("hi"), runnerContext());
    if (problem === null) await expect(asked).resolves.toMatchObject({ content: "ok" });
    else await expect(asked).rejects.toMatchObject({ problem });
  });
});
