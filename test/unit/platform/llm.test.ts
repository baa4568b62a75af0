import { once } from "node:events";
import { createServer } from "node:http";
import { describe, expect, it } from "vitest";
import { type RunnerError, RunnerError as RunnerErrorClass } from "../../../src/kernel/errors.ts";
import type { FailedTry } from "../../../src/model/call.ts";
import type { LlmEffects } from "../../../src/platform/llm.ts";
import { type AnthropicOptions, anthropicLlm } from "../../../src/platform/llm-anthropic.ts";
import { openaiLlm } from "../../../src/platform/llm-openai.ts";
import { systemEffects } from "../../../src/platform/system.ts";
import { type ModelScript, startModelServer } from "../../support/model-server.ts";

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

const FORMATS = { anthropicLlm, openaiLlm };
type Format = keyof typeof FORMATS;
const formats: readonly Format[] = ["anthropicLlm", "openaiLlm"];

interface Asking extends Omit<AnthropicOptions, "baseUrl"> {
  readonly baseUrl: string | null;
  readonly key: string;
  readonly effects: LlmEffects & { readonly sleeps?: number[] };
  readonly prompts: readonly string[];
}

async function ask(format: Format, script: ModelScript, given: Partial<Asking> = {}) {
  await using server = await startModelServer(script);
  const { key, effects: machine = effects(key), prompts = ["Hello?"], baseUrl = server.url, ...options } = given;
  const warnings: string[] = [];
  const tries: FailedTry[] = [];
  const call = FORMATS[format](
    { model: "test-model", apiKeyEnv: "MY_KEY", ...(baseUrl === null ? {} : { baseUrl }), ...options },
    { ...machine },
  );
  const ctx = {
    signal: new AbortController().signal,
    warn: (_code: string, message: string) => warnings.push(message),
    tried: (attempt: FailedTry) => tries.push(attempt),
  };
  const outcomes = await Promise.allSettled(prompts.map((prompt) => call(prompt, ctx)));
  const replies = outcomes.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
  const error: unknown = outcomes.find((one) => one.status === "rejected")?.reason ?? null;
  return {
    reply: replies[0] ?? null,
    replies,
    error,
    requests: server.requests,
    warnings,
    tries,
    sleeps: machine.sleeps ?? [],
  };
}

function runnerError(error: unknown): RunnerError {
  if (error instanceof RunnerErrorClass) return error;
  throw error;
}

/** A whole message, as a server gives it that does not stream. */
function messages(format: Format) {
  return (text: string, { input, output }: { readonly input: number; readonly output: number }): object =>
    format === "anthropicLlm"
      ? {
          type: "message",
          role: "assistant",
          model: "test-model",
          content: [{ type: "text", text }],
          stop_reason: "end_turn",
          usage: { input_tokens: input, output_tokens: output },
        }
      : {
          object: "chat.completion",
          model: "test-model",
          choices: [{ message: { role: "assistant", content: text }, finish_reason: "stop" }],
          usage: { prompt_tokens: input, completion_tokens: output },
        };
}

/** A whole stream. */
function streamOf(format: Format, text: string): string {
  const events =
    format === "anthropicLlm"
      ? [{ type: "content_block_delta", delta: { type: "text_delta", text } }, { type: "message_stop" }]
      : [{ choices: [{ delta: { content: text }, finish_reason: "stop" }] }, "[DONE]"];
  const lines = events.map((event) =>
    typeof event === "string"
      ? `data: ${event}`
      : `event: ${"type" in event ? event.type : "message"}\ndata: ${JSON.stringify(event)}`,
  );
  return lines.map((line) => `${line}\n\n`).join("");
}

describe.each(formats)("%s", (format) => {
  const message = messages(format);

  it.each([
    [{ type: "authentication_error", message: "bad key" }, "credentials"],
    [{ type: "invalid_request_error", message: "too long" }, "rejected"],
  ])("sends nothing again after status 200 with the error %j", async (error, problem) => {
    const body = JSON.stringify({ type: "error", error });
    const asked = await ask(format, [{ kind: "garbage", contentType: "application/json", body }]);
    expect(runnerError(asked.error)).toMatchObject({ problem, message: expect.stringContaining(error.message) });
    expect(asked.requests).toHaveLength(1);
  });

  it("knows a stream by its type in any case, and waits for nothing after its end", async () => {
    await using server = createServer((_, response) => {
      response.writeHead(200, { "content-type": "Text/Event-Stream; charset=UTF-8" });
      response.write(streamOf(format, "ok"));
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
    const address = server.address();
    const baseUrl = `http://127.0.0.1:${typeof address === "object" ? address?.port : ""}`;
    const { reply } = await ask(format, [], { baseUrl });
    expect(reply?.content).toBe("ok");
    server.closeAllConnections();
  });

  it("lets no part of a secret through, wherever what the server says is cut, nor in its model's name", async () => {
    const secrets = ["Bearer TOKEN-0123456789", "sid=COOKIE-0123456789"];
    const headers = { "x-token": secrets[0] ?? "", cookie: secrets[1] ?? "" };
    const said = (pad: number) => `${"x".repeat(pad)} ${secrets.join(" ")} TOKEN-0123456789`;
    for (const pad of [80, 150, 440, 470, 480]) {
      for (const contentType of ["application/json", "text/html"]) {
        const body = contentType === "text/html" ? said(pad) : JSON.stringify({ error: { message: said(pad) } });
        const { error, tries } = await ask(format, [{ kind: "garbage", contentType, body }], { headers, maxWait: 0 });
        expect(`${runnerError(error).message} ${JSON.stringify(tries)}`).not.toMatch(/TOK|COO/);
      }
    }
    const body = JSON.stringify({ ...message("[1]", { input: 1, output: 1 }), model: said(0).padEnd(1000, "x") });
    const { reply } = await ask(format, [{ kind: "garbage", contentType: "application/json", body }], { headers });
    expect(reply?.model).toContain("[redacted]");
    expect(reply?.model.length).toBeLessThanOrEqual(200);
    expect(reply?.model).not.toMatch(/TOK|COO/);
  });

  it("takes the whole message of a server that does not stream, and pays for it once", async () => {
    const body = JSON.stringify(message("[1]", { input: 3, output: 2 }));
    const answer = { kind: "garbage", contentType: "application/json", body } as const;
    const { reply, requests } = await ask(format, [answer]);
    expect(reply).toEqual({ content: "[1]", model: "test-model", usage: { inputTokens: 3, outputTokens: 2 } });
    expect(requests).toHaveLength(1);
  });

  it("asks and answers", async () => {
    const answer = { kind: "text", text: "Héllo 😀\n[1]", inputTokens: 1000, outputTokens: 500 } as const;
    const price = { input: 3, output: 15 };
    const { reply, requests } = await ask(format, [answer], {
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
    const system = { system: "Be brief." };
    const messages = [{ role: "system", content: "Be brief." }, { role: "user" }];
    expect(requests[0]?.body).toMatchObject({
      model: "test-model",
      max_tokens: 77,
      temperature: 0.5,
      ...(format === "anthropicLlm" ? system : { messages }),
    });
    expect(requests[0]?.headers.authorization).toBe(`Bearer ${KEY}`);
  });

  it("waits out a busy provider as long as it asks, then goes on", async () => {
    const { reply, requests, sleeps, warnings } = await ask(format, [
      { kind: "status", status: 429, retryAfter: 17 },
      { kind: "status", status: 529 },
      { kind: "status", status: 500 },
      { kind: "text", text: "ok" },
    ]);
    expect(reply?.content).toBe("ok");
    expect(requests).toHaveLength(4);
    expect(sleeps[0]).toBeGreaterThanOrEqual(17_000);
    expect(sleeps[0]).toBeLessThanOrEqual(17_340);
    expect(sleeps[1]).toBeGreaterThanOrEqual(500);
    expect(sleeps[1]).toBeLessThanOrEqual(1000);
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
    const { reply, requests } = await ask(format, [answer, { kind: "text", text: "ok" }]);
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
      const { error, requests } = await ask(format, [answer]);
      expect(runnerError(error).problem).toBe("rejected");
      expect(runnerError(error).message).toContain(`the server answered with what is no message of a model ${told}`);
      expect(runnerError(error).message.length).toBeLessThan(300);
      expect(requests).toHaveLength(1);
    },
  );

  it("does not take a provider that has been busy for a wrong address", async () => {
    const page = { kind: "garbage" } as const;
    const script = [{ kind: "status", status: 529 }, page, page, page, page, { kind: "text", text: "ok" }] as const;
    expect((await ask(format, script)).reply?.content).toBe("ok");
  });

  it.each(["text/plain", "application/octet-stream"])(
    "takes a whole message that is called %s",
    async (contentType) => {
      const whole = message("ok", { input: 3, output: 0 });
      for (const body of [JSON.stringify(whole), `\n${JSON.stringify(whole, null, 2)}`]) {
        const { reply, requests } = await ask(format, [{ kind: "garbage", body, contentType }]);
        expect(reply).toMatchObject({ content: "ok", usage: { inputTokens: 3 } });
        expect(requests).toHaveLength(1);
      }
    },
  );

  it("waits as long as for a broken provider for one that answered before and now gives a page of HTML", async () => {
    const page = { kind: "garbage" } as const;
    const ok = { kind: "text", text: "ok" } as const;
    await using server = await startModelServer([ok, page, page, page, page, ok, page]);
    const call = FORMATS[format]({ model: "test-model", apiKeyEnv: "MY_KEY", baseUrl: server.url }, effects());
    const { signal } = new AbortController();
    await call("One?", { signal });
    await expect(call("Two?", { signal })).resolves.toMatchObject({ content: "ok" });
    const gone = {
      problem: "unavailable",
      message: expect.stringMatching(/\(max wait 5m\): the server answered with .*<html>.*; check the base URL$/),
    };
    await expect(call("Three?", { signal })).rejects.toMatchObject(gone);
    const resumed = FORMATS[format]({ model: "test-model", apiKeyEnv: "MY_KEY", baseUrl: server.url }, effects());
    await expect(resumed("Four?", { signal, isKnown: () => true })).rejects.toMatchObject(gone);
  });

  it("gives up with `unavailable` once max_wait has passed", async () => {
    const { error, sleeps } = await ask(format, [{ kind: "status", status: 503 }], { maxWait: "2m" });
    expect(runnerError(error)).toMatchObject({ problem: "unavailable", exitCode: 75 });
    expect(runnerError(error).message).toMatch(
      /test-model is unavailable after \d+ tries in [\d.]+ s \(max wait 2m\): status 503/,
    );
    const total = sleeps.reduce((sum, ms) => sum + ms, 0);
    expect(total).toBeLessThanOrEqual(120_000);
    expect(total).toBeGreaterThan(40_000);
    const told = await ask(format, [{ kind: "status", status: 429, retryAfter: 3600 }]);
    expect(runnerError(told.error).message).toMatch(/unavailable after 1 try in 0\.0 s \(max wait 5m\)/);
    expect(told.sleeps).toEqual([]);
  });

  it("calls a server that nobody runs unavailable", async () => {
    const { error } = await ask(format, [], { baseUrl: "http://127.0.0.1:9", maxWait: 1 });
    expect(runnerError(error).message).toMatch(/unavailable.*(ECONNREFUSED|bad port)/);
  });

  it("ends a request that hangs after its timeout", async () => {
    const { reply, requests, warnings } = await ask(format, [{ kind: "hang" }, { kind: "text", text: "ok" }], {
      timeout: 0.5,
    });
    expect(reply?.content).toBe("ok");
    expect(requests).toHaveLength(2);
    expect(warnings[0]).toContain("timed out after 0.5 s");
  });

  it.each([401, 403])("says after a %s which variable holds the key", async (status) => {
    const { error, requests } = await ask(format, [{ kind: "status", status }]);
    expect(runnerError(error)).toMatchObject({ problem: "credentials", exitCode: 7 });
    expect(runnerError(error).message).toContain("MY_KEY");
    expect(requests).toHaveLength(1);
  });

  it.each([400, 404])("does not try again after a %s", async (status) => {
    const { error, requests } = await ask(format, [{ kind: "status", status, message: "model: no such model" }]);
    expect(runnerError(error).problem).toBe("rejected");
    expect(runnerError(error).message).toContain("model: no such model");
    expect(requests).toHaveLength(1);
  });

  it("sends nothing without a key, or with one that is none", async () => {
    for (const key of ["", "  \n", "two words\nand lines"]) {
      const { error, requests } = await ask(format, [], { key, baseUrl: null });
      expect(runnerError(error)).toMatchObject({ problem: "credentials" });
      expect(runnerError(error).message).toContain("MY_KEY");
      expect(runnerError(error).message).not.toContain("two words");
      expect(requests).toHaveLength(0);
    }
  });

  it("lets the key into no reply, message or warning, even when the server echoes it", async () => {
    const good = await ask(format, [{ kind: "echo-headers" }]);
    expect(good.reply?.content).toContain("[redacted]");
    const bad = await ask(format, [
      { kind: "echo-headers", status: 500 },
      { kind: "echo-headers", status: 400 },
    ]);
    const error = runnerError(bad.error);
    const everything = JSON.stringify([good, bad.warnings, error.message, error.stack, error.cause]);
    expect(error.message).toContain("redacted");
    expect(everything.replaceAll(JSON.stringify(good.requests), "")).not.toContain(KEY);
  });

  it.each([
    ["cut at its longest", "max_tokens", /^the reply was cut at its max tokens \(8\)$/],
    ["a refusal", "refusal", /^the model refused to answer$/],
  ])("takes a reply that is %s for a failure, with what it cost", async (_what, stopReason, why) => {
    const half = { kind: "text", text: "[1, ", stopReason, inputTokens: 5, outputTokens: 8 } as const;
    const { error, requests } = await ask(format, [half], { maxTokens: 8 });
    expect(runnerError(error)).toMatchObject({
      problem: "unusable-reply",
      message: expect.stringMatching(why),
      reply: "[1, ",
      usage: { inputTokens: 5, outputTokens: 8 },
    });
    expect(requests).toHaveLength(1);
  });

  it("waits 16 s at most for five times 3 s", async () => {
    const busy = { kind: "status", status: 429, retryAfter: 3 } as const;
    const { reply, sleeps, tries } = await ask(format, [busy, busy, busy, busy, busy, { kind: "text", text: "ok" }]);
    expect(reply?.content).toBe("ok");
    const total = sleeps.reduce((sum, ms) => sum + ms, 0);
    expect(total).toBeGreaterThanOrEqual(15_000);
    expect(total).toBeLessThan(16_000);
    expect(tries).toHaveLength(5);
    expect(tries[0]).toMatchObject({ reason: expect.stringContaining("status 429"), startedAt: expect.any(String) });
  });

  it("asks again when an answer stalls in its middle", async () => {
    const stalled = { kind: "stall", text: "x".repeat(1000) } as const;
    const { reply, requests, tries } = await ask(format, [stalled, { kind: "text", text: "ok" }], { idleTimeout: 0.3 });
    expect(reply?.content).toBe("ok");
    expect(requests).toHaveLength(2);
    expect(tries.map(({ reason }) => reason)).toEqual(["the answer stalled: nothing more came for 0.3 s"]);
  });

  it("counts what had come of a broken reply by an estimate, beside what is told of the next", async () => {
    const half = { kind: "half", text: "x".repeat(8000) } as const;
    const whole = { kind: "text", text: "ok", inputTokens: 100, outputTokens: 10 } as const;
    const of = async (options: Partial<Asking>) => {
      const { reply, tries } = await ask(format, [half, whole], { price: { input: 1, output: 1 }, ...options });
      const [lost] = tries;
      if (!lost?.usage || !reply?.usage) expect.unreachable();
      expect(lost.usage).toMatchObject({
        outputTokens: expect.any(Number),
        costUsd: expect.any(Number),
        estimated: true,
      });
      expect(reply.usage.outputTokens).toBe(lost.usage.outputTokens + 10);
      expect(reply.usage).toMatchObject({ inputTokens: lost.usage.inputTokens + 100, estimated: true });
      return lost.usage.outputTokens;
    };
    expect(await of({})).toBeGreaterThan(800);
    expect(await of({ maxTokens: 300 })).toBe(300);
  });

  it("takes what is no UTF-8 for replacement characters", async () => {
    const whole = Buffer.from(JSON.stringify(message("a?b", { input: 1, output: 1 })));
    whole[whole.indexOf("?")] = 0xff;
    const answer = { kind: "garbage", body: whole, contentType: "application/json" } as const;
    expect((await ask(format, [answer])).reply?.content).toBe("a\ufffdb");
  });

  it("reads no more of a reply that has no end, and does not ask for another", async () => {
    const endless = { kind: "text", text: "x".repeat(10 * 1024 * 1024) } as const;
    const { error, requests } = await ask(format, [endless]);
    expect(runnerError(error)).toMatchObject({
      problem: "unusable-reply",
      message: expect.stringMatching(/longer than/),
    });
    expect(requests).toHaveLength(1);
  });

  it.each(["", "/", "/v1", "/v1/"])(
    "finds a server at an address that ends in %j, and names the URL in errors",
    async (end) => {
      await using server = await startModelServer([{ kind: "status", status: 404, message: "no such model" }]);
      const { error } = await ask(format, [], { baseUrl: `${server.url}${end}?tag=canary-in-the-url` });
      const path = format === "anthropicLlm" ? "/v1/messages" : "/v1/chat/completions";
      expect(server.requests[0]?.path).toBe(`${path}?tag=canary-in-the-url`);
      expect(runnerError(error).message).toContain(`(POST ${server.url}${path});`);
      expect(runnerError(error).message).not.toContain("canary");
    },
  );

  it("needs no key of a server of the user's own, and sends none", async () => {
    const { reply, requests } = await ask(format, [{ kind: "text", text: "ok" }], { key: "" });
    expect(reply?.content).toBe("ok");
    expect(requests[0]?.headers).not.toHaveProperty("authorization");
    expect(requests[0]?.headers).not.toHaveProperty("x-api-key");
    const { error } = await ask(format, [{ kind: "status", status: 401 }], { key: "" });
    expect(runnerError(error).message).toContain("MY_KEY is not set");
  });

  it("does not follow a server that sends it elsewhere, where the key does not belong", async () => {
    const headers = { "x-token": "TOKEN-0123456789" };
    const location = `http://127.0.0.1:9/other/${"x".repeat(88)}${headers["x-token"]}?x=1`;
    const { error, requests } = await ask(format, [{ kind: "status", status: 307, location }], { headers });
    const { problem, message } = runnerError(error);
    expect([problem, message]).toEqual(["rejected", expect.stringContaining("sends on to http://127.0.0.1:9/other")]);
    expect(message).not.toContain("TOK");
    expect(requests).toHaveLength(1);
  });

  it("calls an account that has run dry a matter of credentials, whatever the status", async () => {
    const { error, requests } = await ask(format, [
      { kind: "status", status: 429, message: "You exceeded your current quota, please check your plan" },
    ]);
    expect(runnerError(error).problem).toBe("credentials");
    expect(requests).toHaveLength(1);
  });

  it("passes on what it has no option for, and leaves out what is null", async () => {
    const extraBody = { seed: 7, top_k: 40, max_tokens: null };
    const { requests } = await ask(format, [{ kind: "text", text: "ok" }], {
      topP: 0.9,
      extraBody,
      headers: { "x-team": "a" },
    });
    expect(requests[0]?.body).toMatchObject({ seed: 7, top_k: 40, top_p: 0.9 });
    expect(requests[0]?.body).not.toHaveProperty("max_tokens");
    expect(requests[0]?.headers).toMatchObject({ "x-team": "a" });
  });

  it("has no more calls in flight than it may", async () => {
    let [open, most] = [0, 0];
    const script: ModelScript = async () => {
      most = Math.max(most, ++open);
      await new Promise((resolve) => setTimeout(resolve, 20));
      open--;
      return "ok";
    };
    const { replies } = await ask(format, script, { concurrency: 2, prompts: ["a", "b", "c", "d", "e"] });
    expect(replies).toHaveLength(5);
    expect(most).toBe(2);
  });

  it("sends no more requests in a time than it may, those it sends again among them", async () => {
    const machine = effects();
    const busy = { kind: "status", status: 429, retryAfter: 1 } as const;
    const { replies, sleeps } = await ask(format, [busy, { kind: "text", text: "ok" }], {
      effects: machine,
      concurrency: 1,
      rate: "2/m",
      prompts: ["a", "b", "c"],
    });
    expect(replies).toHaveLength(3);
    expect(sleeps.filter((ms) => ms > 50_000)).toHaveLength(1);
    expect(machine.clock.monotonic()).toBeGreaterThanOrEqual(60_000);
    expect(machine.clock.monotonic()).toBeLessThan(62_000);
  });

  it("ends at once on abort, in a request as in a wait", async () => {
    await using server = await startModelServer((_request, n) =>
      n === 0 ? { kind: "status", status: 429, retryAfter: 60 } : { kind: "hang" },
    );
    const machine = { ...effects(), clock: systemEffects().clock };
    const call = FORMATS[format]({ model: "m", apiKeyEnv: "MY_KEY", baseUrl: server.url }, machine);
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

describe("anthropicLlm", () => {
  it("counts what broken streams used, with the reply as with the error", async () => {
    const price = { input: 1, output: 1 };
    const broken = { kind: "stream-error", type: "overloaded_error" } as const;
    const start = { inputTokens: 2, outputTokens: 1 };
    const whole = await ask("anthropicLlm", [broken, { kind: "text", text: "ok", inputTokens: 5, outputTokens: 7 }], {
      price,
    });
    expect(whole.reply?.usage?.inputTokens).toBe(start.inputTokens + 5);
    const { error } = await ask("anthropicLlm", [broken], { price, maxWait: 0 });
    expect(runnerError(error)).toMatchObject({ problem: "unavailable", usage: { inputTokens: start.inputTokens } });
    expect(runnerError(error).usage?.costUsd).toBeGreaterThan(0);
  });

  it("passes extended thinking on, and takes no thought for the reply", async () => {
    const thinking = { type: "enabled", budget_tokens: 2000 };
    const { requests } = await ask("anthropicLlm", [{ kind: "text", text: "ok" }], { thinking });
    expect(requests[0]?.body).toMatchObject({ thinking });
  });

  it("has the beginning that prompts share cached, at the same place each time", async () => {
    const shared = "A rule of the house.\n".repeat(400);
    const prompts = ["first", "second", "third"].map((end) => `${shared}The ${end} question\nand more`);
    const { requests } = await ask("anthropicLlm", [{ kind: "text", text: "ok" }], { prompts, concurrency: 1 });
    expect(requests.map(({ prompt }) => prompt)).toEqual(prompts);
    const blocks = requests.map(({ body }) => JSON.stringify(body.messages).split("cache_control").length - 1);
    expect(blocks).toEqual([0, 1, 1]);
    const off = await ask("anthropicLlm", [{ kind: "text", text: "ok" }], { prompts, concurrency: 1, cache: false });
    expect(JSON.stringify(off.requests)).not.toContain("cache_control");
  });

  it("counts what was read from a cache and written to it, at its own price", async () => {
    const usage = {
      input_tokens: 100,
      output_tokens: 10,
      cache_read_input_tokens: 1000,
      cache_creation_input_tokens: 200,
    };
    const body = JSON.stringify({ content: [{ type: "text", text: "ok" }], usage });
    const { reply } = await ask("anthropicLlm", [{ kind: "garbage", contentType: "application/json", body }], {
      price: { input: 10, output: 50 },
    });
    expect(reply?.usage).toEqual({
      inputTokens: 1300,
      outputTokens: 10,
      cacheReadTokens: 1000,
      cacheWriteTokens: 200,
      costUsd: (100 * 10 + 1000 * 1 + 200 * 12.5 + 10 * 50) / 1e6,
    });
  });
});

describe("openaiLlm", () => {
  it.each([
    ["a busy server", { error: { code: 502, message: "upstream is gone" } }, 2, null],
    ["a server that was asked in vain", { object: "error", code: 400, message: "too long" }, 1, "rejected"],
  ])("knows %s by the error in the middle of its stream", async (_what, error, requests, problem) => {
    const half = { choices: [{ delta: { content: "a" }, finish_reason: "" }] };
    const body = [half, error].map((event) => `data: ${JSON.stringify(event)}\n\n`).join("");
    const broken = { kind: "garbage", contentType: "text/event-stream", body: `${body}data: [DONE]\n\n` } as const;
    const asked = await ask("openaiLlm", [broken, { kind: "text", text: "ok" }]);
    expect(asked.requests).toHaveLength(requests);
    if (problem === null) expect(asked.reply?.content).toBe("ok");
    else expect(runnerError(asked.error)).toMatchObject({ problem, message: expect.stringContaining("too long") });
  });

  it.each([
    [{ type: "invalid_request_error", code: "invalid_api_key" }, "credentials"],
    [{ type: "some_error", code: "404" }, "rejected"],
    [{ type: "invalid_request_error", code: "of_its_own" }, "rejected"],
  ])(
    "knows by the code or the type of an error with status 200 that another try is in vain: %j",
    async (error, problem) => {
      const body = JSON.stringify({ error });
      const asked = await ask("openaiLlm", [{ kind: "garbage", contentType: "application/json", body }]);
      expect(runnerError(asked.error).problem).toBe(problem);
      expect(asked.requests).toHaveLength(1);
    },
  );

  it.each(["error", "abort"])("takes a reply that ends with %s for half a reply", async (finish_reason) => {
    const body = JSON.stringify({ choices: [{ message: { content: "[1" }, finish_reason }] });
    const broken = { kind: "garbage", contentType: "application/json", body } as const;
    const { reply, tries } = await ask("openaiLlm", [broken, { kind: "text", text: "[1]" }]);
    expect(reply?.content).toBe("[1]");
    expect(tries).toMatchObject([{ reason: expect.stringContaining(finish_reason) }]);
  });

  it("reads a reply that comes in parts, without those that are thoughts", async () => {
    const content = [
      { type: "thinking", thinking: [{ type: "text", text: "Hm." }] },
      { type: "text", text: "[1," },
      { type: "text", text: "2]" },
    ];
    const body = JSON.stringify({ choices: [{ message: { content }, finish_reason: "stop" }] });
    const { reply } = await ask("openaiLlm", [{ kind: "garbage", contentType: "application/json", body }]);
    expect(reply?.content).toBe("[1,2]");
  });

  it.each([
    ["several lines", "\n", "\n\n", 1],
    ["several lines that end as on the web", "\r\n", "\r\n\r\n", 1],
    ["one line, with no empty line between them", "\n", "\n", 0],
  ])("reads events of %s", async (_, line, end, spaces) => {
    const chunk = (content: string) => JSON.stringify({ choices: [{ delta: { content } }] }, null, spaces);
    const events = [chunk("[1,"), chunk("2]"), "[DONE]"];
    const body = events.map((event) => `data: ${event.replaceAll("\n", `${line}data: `)}${end}`).join("");
    const answer = { kind: "garbage", contentType: "text/event-stream", body: `: hello${end}${body}` } as const;
    expect((await ask("openaiLlm", [answer])).reply?.content).toBe("[1,2]");
  });

  it("estimates what a server used that tells nothing, and what that costs", async () => {
    const chunk = { choices: [{ delta: { content: "ok" }, finish_reason: "stop" }] };
    const body = `data: ${JSON.stringify(chunk)}\n\ndata: [DONE]\n\n`;
    const answer = { kind: "garbage", contentType: "text/event-stream", body } as const;
    const { reply } = await ask("openaiLlm", [answer], { price: { input: 1, output: 1 } });
    const usage = { inputTokens: 2, outputTokens: 1, costUsd: 0.000003, estimated: true };
    expect(reply).toEqual({ content: "ok", model: "test-model", usage });
  });

  it.each([
    ['{"error":"model \'x\' not found"}', "model 'x' not found"],
    ['{"error":{"code":"model_not_found","message":"no x"}}', "model_not_found, no x"],
    ['{"detail":"Not Found"}', "Not Found"],
    ["nothing here", "nothing here"],
  ])("reads what went wrong out of %s", async (body, said) => {
    const { error } = await ask("openaiLlm", [{ kind: "status", status: 404, body }]);
    expect(runnerError(error).message).toContain(`refused the request: status 404, ${said} (POST`);
  });
});
