import { describe, expect, it } from "vitest";
import { type RunnerError, RunnerError as RunnerErrorClass } from "../../../src/kernel/errors.ts";
import { type AnthropicOptions, anthropicLlm, type LlmEffects } from "../../../src/platform/llm.ts";
import { systemEffects } from "../../../src/platform/system.ts";
import { type AnthropicScript, startAnthropicServer } from "../../support/anthropic-server.ts";

const KEY = "sk-test-0123456789";

/** Time that passes only by sleeping, so that back-offs take none. */
function effects(key: string | undefined = KEY): LlmEffects & { readonly sleeps: number[] } {
  const system = systemEffects();
  const sleeps: number[] = [];
  let now = 0;
  const clock = {
    ...system.clock,
    monotonic: () => now,
    sleep: async (ms: number, signal: AbortSignal) => {
      signal.throwIfAborted();
      sleeps.push(ms);
      now += ms;
    },
  };
  const get = (name: string) => (name === "MY_KEY" ? key : undefined);
  return { clock, sleeps, token: system.token, variables: { get, names: () => ["MY_KEY"] } };
}

async function ask(script: AnthropicScript, options: Partial<AnthropicOptions> = {}, key?: string) {
  await using server = await startAnthropicServer(script);
  const machine = effects(key);
  const warnings: string[] = [];
  const call = anthropicLlm({ model: "test-model", apiKeyEnv: "MY_KEY", baseUrl: server.url, ...options }, machine);
  const warn = (_code: string, message: string) => warnings.push(message);
  const outcome = await call("Hello?", { signal: new AbortController().signal, warn }).then(
    (reply) => ({ reply, error: null }),
    (error: unknown) => ({ reply: null, error }),
  );
  return { ...outcome, requests: server.requests, warnings, sleeps: machine.sleeps };
}

function runnerError(error: unknown): RunnerError {
  if (error instanceof RunnerErrorClass) return error;
  throw error;
}

describe("anthropicLlm", () => {
  it("takes the whole message of a server that does not stream, and pays for it once", async () => {
    const message = {
      type: "message",
      role: "assistant",
      model: "test-model",
      content: [{ type: "text", text: "[1]" }],
      stop_reason: "end_turn",
      usage: { input_tokens: 3, output_tokens: 2 },
    };
    const answer = { kind: "garbage", contentType: "application/json", body: JSON.stringify(message) } as const;
    const { reply, requests } = await ask([answer]);
    expect(reply).toEqual({ content: "[1]", model: "test-model", usage: { inputTokens: 3, outputTokens: 2 } });
    expect(requests).toHaveLength(1);
  });

  it("asks and answers", async () => {
    const answer = { kind: "text", text: "Héllo 😀\n[1]", inputTokens: 1000, outputTokens: 500 } as const;
    const price = { input: 3, output: 15 };
    const { reply, requests } = await ask([answer], {
      price,
      temperature: 0.5,
      system: "Be brief.",
      maxTokens: 77,
    });
    expect(reply).toEqual({
      content: "Héllo 😀\n[1]",
      model: "test-model",
      usage: { inputTokens: 1000, outputTokens: 500, costUsd: 0.0105 },
    });
    expect(requests).toHaveLength(1);
    expect(requests[0]).toMatchObject({ prompt: "Hello?", stream: true });
    expect(requests[0]?.body).toMatchObject({
      model: "test-model",
      max_tokens: 77,
      temperature: 0.5,
      system: "Be brief.",
    });
  });

  it("waits out a busy provider as long as it asks, then goes on", async () => {
    const { reply, requests, sleeps, warnings } = await ask([
      { kind: "status", status: 429, retryAfter: 17 },
      { kind: "status", status: 529 },
      { kind: "status", status: 500 },
      { kind: "text", text: "ok" },
    ]);
    expect(reply?.content).toBe("ok");
    expect(requests).toHaveLength(4);
    expect(sleeps[0]).toBe(17_000);
    expect(sleeps[1]).toBeGreaterThanOrEqual(1000);
    expect(sleeps[1]).toBeLessThanOrEqual(2000);
    expect(warnings).toHaveLength(3);
    expect(warnings[0]).toContain("429");
  });

  it.each([
    ["half a stream", { kind: "half", text: "x".repeat(1000) }],
    ["an overload inside the stream", { kind: "stream-error", type: "overloaded_error" }],
    ["broken JSON", { kind: "garbage", body: "{oops", contentType: "application/json" }],
    [
      "a broken event",
      { kind: "garbage", body: "event: message_start\ndata: {oops\n\n", contentType: "text/event-stream" },
    ],
    ["an empty stream", { kind: "garbage", body: "", contentType: "text/event-stream" }],
  ] as const)("tries again after %s", async (_what, answer) => {
    const { reply, requests } = await ask([answer, { kind: "text", text: "ok" }]);
    expect(reply?.content).toBe("ok");
    expect(requests).toHaveLength(2);
  });

  it.each([
    ["a page of HTML", { kind: "garbage" }, "(text/html): <html>hello</html>"],
    [
      "an object of somebody else",
      { kind: "garbage", body: '{"ok":true}', contentType: "application/json" },
      '(application/json): {"ok":true}',
    ],
    [
      "a long text",
      { kind: "garbage", body: "x ".repeat(5000), contentType: "text/plain; charset=utf-8" },
      "(text/plain): x x x",
    ],
  ] as const)(
    "takes who answers at first with %s for no provider, and does not ask again",
    async (_what, answer, told) => {
      const { error, requests } = await ask([answer]);
      expect(runnerError(error).problem).toBe("rejected");
      expect(runnerError(error).message).toContain(`the server answered with what is no message of a model ${told}`);
      expect(runnerError(error).message.length).toBeLessThan(300);
      expect(requests).toHaveLength(1);
    },
  );

  it("does not take a provider that has been busy for a wrong address", async () => {
    const page = { kind: "garbage" } as const;
    const script = [{ kind: "status", status: 529 }, page, page, page, page, { kind: "text", text: "ok" }] as const;
    expect((await ask(script)).reply?.content).toBe("ok");
  });

  it.each(["text/plain", "application/octet-stream"])(
    "takes a whole message that is called %s",
    async (contentType) => {
      const message = {
        type: "message",
        model: "m",
        content: [{ type: "text", text: "ok" }],
        usage: { input_tokens: 3 },
      };
      for (const body of [JSON.stringify(message), `\n${JSON.stringify(message, null, 2)}`]) {
        const { reply, requests } = await ask([{ kind: "garbage", body, contentType }]);
        expect(reply).toMatchObject({ content: "ok", usage: { inputTokens: 3 } });
        expect(requests).toHaveLength(1);
      }
    },
  );

  it("waits as long as for a broken provider for one that answered before and now gives a page of HTML", async () => {
    const page = { kind: "garbage" } as const;
    const ok = { kind: "text", text: "ok" } as const;
    await using server = await startAnthropicServer([ok, page, page, page, page, ok, page]);
    const call = anthropicLlm({ model: "test-model", apiKeyEnv: "MY_KEY", baseUrl: server.url }, effects());
    const { signal } = new AbortController();
    await call("One?", { signal });
    await expect(call("Two?", { signal })).resolves.toMatchObject({ content: "ok" });
    const gone = {
      problem: "unavailable",
      message: expect.stringMatching(/\(max wait 5m\): the server answered with .*<html>.*; check the base URL$/),
    };
    await expect(call("Three?", { signal })).rejects.toMatchObject(gone);
    const resumed = anthropicLlm({ model: "test-model", apiKeyEnv: "MY_KEY", baseUrl: server.url }, effects());
    await expect(resumed("Four?", { signal, isKnown: () => true })).rejects.toMatchObject(gone);
  });

  it("counts what broken streams used, with the reply as with the error", async () => {
    const price = { input: 1, output: 1 };
    const broken = { kind: "stream-error", type: "overloaded_error" } as const;
    const start = { inputTokens: 2, outputTokens: 1 };
    const whole = await ask([broken, { kind: "text", text: "ok", inputTokens: 5, outputTokens: 7 }], { price });
    expect(whole.reply?.usage.inputTokens).toBe(start.inputTokens + 5);
    const { error } = await ask([broken], { price, maxWait: 0 });
    expect(runnerError(error)).toMatchObject({ problem: "unavailable", usage: { inputTokens: start.inputTokens } });
    expect(runnerError(error).usage?.costUsd).toBeGreaterThan(0);
  });

  it("gives up with `unavailable` once max_wait has passed", async () => {
    const { error, sleeps } = await ask([{ kind: "status", status: 503 }], { maxWait: "2m" });
    expect(runnerError(error)).toMatchObject({ problem: "unavailable", exitCode: 75 });
    expect(runnerError(error).message).toMatch(
      /test-model is unavailable after \d+ tries in [\d.]+ s \(max wait 2m\): status 503/,
    );
    const total = sleeps.reduce((sum, ms) => sum + ms, 0);
    expect(total).toBeLessThanOrEqual(120_000);
    expect(total).toBeGreaterThan(40_000);
    const told = await ask([{ kind: "status", status: 429, retryAfter: 3600 }]);
    expect(runnerError(told.error).message).toMatch(/unavailable after 1 try in 0\.0 s \(max wait 5m\)/);
    expect(told.sleeps).toEqual([]);
  });

  it("calls a server that nobody runs unavailable", async () => {
    const { error } = await ask([], { baseUrl: "http://127.0.0.1:9", maxWait: 1 });
    expect(runnerError(error).message).toMatch(/unavailable.*(ECONNREFUSED|bad port)/);
  });

  it("ends a request that hangs after its timeout", async () => {
    const { reply, requests, warnings } = await ask([{ kind: "hang" }, { kind: "text", text: "ok" }], {
      timeout: 0.05,
    });
    expect(reply?.content).toBe("ok");
    expect(requests).toHaveLength(2);
    expect(warnings[0]).toContain("timed out after 0.05 s");
  });

  it.each([401, 403])("says after a %s which variable holds the key", async (status) => {
    const { error, requests } = await ask([{ kind: "status", status }]);
    expect(runnerError(error)).toMatchObject({ problem: "credentials", exitCode: 7 });
    expect(runnerError(error).message).toContain("MY_KEY");
    expect(requests).toHaveLength(1);
  });

  it.each([400, 404])("does not try again after a %s", async (status) => {
    const { error, requests } = await ask([{ kind: "status", status, message: "model: no such model" }]);
    expect(runnerError(error).problem).toBe("rejected");
    expect(runnerError(error).message).toContain("model: no such model");
    expect(requests).toHaveLength(1);
  });

  it("sends nothing without a key, or with one that is none", async () => {
    for (const key of ["", "  \n", "two words\nand lines"]) {
      const { error, requests } = await ask([], {}, key);
      expect(runnerError(error)).toMatchObject({ problem: "credentials" });
      expect(runnerError(error).message).toContain("MY_KEY");
      expect(runnerError(error).message).not.toContain("two words");
      expect(requests).toHaveLength(0);
    }
  });

  it("lets the key into no reply, message or warning, even when the server echoes it", async () => {
    const good = await ask([{ kind: "echo-headers" }]);
    expect(good.reply?.content).toContain("[redacted]");
    const bad = await ask([
      { kind: "echo-headers", status: 500 },
      { kind: "echo-headers", status: 400 },
    ]);
    const error = runnerError(bad.error);
    const everything = JSON.stringify([good, bad.warnings, error.message, error.stack, error.cause]);
    expect(error.message).toContain("redacted");
    expect(everything.replaceAll(JSON.stringify(good.requests), "")).not.toContain(KEY);
  });

  it("warns when a reply was cut at max_tokens", async () => {
    const { warnings } = await ask([{ kind: "text", text: "[", stopReason: "max_tokens" }]);
    expect(warnings[0]).toMatch(/cut at its max tokens/);
  });

  it("ends at once on abort, in a request as in a wait", async () => {
    await using server = await startAnthropicServer((_request, n) =>
      n === 0 ? { kind: "status", status: 429, retryAfter: 60 } : { kind: "hang" },
    );
    const machine = { ...effects(), clock: systemEffects().clock };
    const call = anthropicLlm({ model: "m", apiKeyEnv: "MY_KEY", baseUrl: server.url }, machine);
    for (let turn = 0; turn < 2; turn++) {
      const stop = new AbortController();
      const isThere = async () => {
        while (server.requests.length <= turn) await new Promise((resolve) => setImmediate(resolve));
      };
      const asked = call("x", { signal: stop.signal, warn: () => stop.abort(new Error("user stop")) });
      if (turn === 1) void isThere().then(() => stop.abort(new Error("user stop")));
      await expect(asked).rejects.toThrow("user stop");
    }
    expect(server.requests).toHaveLength(2);
  });
});
