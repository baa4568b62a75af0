import type { Clock, Effects } from "../kernel/effects.ts";
import { RunnerError } from "../kernel/errors.ts";
import type { Usage } from "../model/call.ts";
import { parseDuration } from "../model/units.ts";
import { GaveUp, withBackoff } from "./backoff.ts";
import { classifyFailure, UnreadableReply } from "./llm-failures.ts";
import { systemEffects } from "./system.ts";

/** Dollars per million tokens. */
export interface TokenPrice {
  readonly input: number;
  readonly output: number;
}

export interface AnthropicOptions {
  /** Model name as the provider knows it. */
  readonly model: string;
  /** Default: `ANTHROPIC_BASE_URL`, else the provider's own. */
  readonly baseUrl?: string;
  /** Name of the environment variable that holds the key. Default `ANTHROPIC_API_KEY`. */
  readonly apiKeyEnv?: string;
  /** Longest reply, in tokens. Default 8192. */
  readonly maxTokens?: number;
  readonly temperature?: number;
  /** System prompt. */
  readonly system?: string;
  /** Of one request; a number is seconds. Default 10m. */
  readonly timeout?: number | string;
  /** How long a provider that is down or busy is waited for; a number is seconds. Default 5m. */
  readonly maxWait?: number | string;
  /** What makes the cost of a call known. */
  readonly price?: TokenPrice;
  /** Whether replies are streamed. Default true: a long reply is not cut by idle connections. */
  readonly stream?: boolean;
}

export interface AnthropicReply {
  readonly content: string;
  readonly usage: Usage;
  readonly model: string;
}

/** An `LlmCall` that also says when it has to wait. */
export type AnthropicCall = (
  prompt: string,
  options: { readonly signal: AbortSignal; readonly warn?: (code: string, message: string) => void },
) => Promise<AnthropicReply>;

export type LlmEffects = Pick<Effects, "clock" | "variables" | "token">;

const DEFAULT_KEY = "ANTHROPIC_API_KEY";
const TIMEOUT = "10m";
const MAX_WAIT = "5m";
const MAX_TOKENS = 8192;
/** Far beyond what any model writes; a server that goes on is broken. */
const MAX_REPLY_CHARACTERS = 16 * 1024 * 1024;
/** Shorter ones are a local server's dummy and would be redacted out of ordinary words. */
const SHORTEST_SECRET = 8;

/**
 * A call to an Anthropic model, or to any server that speaks its Messages format. A busy or broken server is waited
 * for up to `maxWait` (`RunnerError` `unavailable` after it); a refused key is `credentials`, a refused request or an
 * unknown model `rejected`. The key is read from the environment at each call and is in no message and no reply.
 */
export function anthropicLlm(options: AnthropicOptions, effects: LlmEffects = systemEffects()): AnthropicCall {
  const maxWaitMs = parseDuration(options.maxWait ?? MAX_WAIT);
  return async (prompt, { signal, warn }) => {
    const key = apiKey(options, effects);
    const redact = (text: string): string => (key.length < SHORTEST_SECRET ? text : text.replaceAll(key, "[redacted]"));
    const sort = (thrown: unknown) => classifyFailure(thrown, () => effects.clock.now().getTime());
    try {
      const reply = await withBackoff(
        () => attempt(options, key, prompt, signal, effects.clock),
        (thrown) => {
          const failure = sort(thrown);
          return failure.kind === "passing" ? failure.failure : null;
        },
        {
          clock: effects.clock,
          jitter: () => Number.parseInt(effects.token(4), 16) / 2 ** 32,
          maxWaitMs,
          signal,
          onWait: ({ reason }, waitMs) =>
            warn?.(
              "runner-waiting",
              redact(`${options.model}: ${reason}; trying again in ${(waitMs / 1000).toFixed(1)} s`),
            ),
        },
      );
      if (reply.cut)
        warn?.("reply-cut", `${options.model}: the reply was cut at max_tokens (${options.maxTokens ?? MAX_TOKENS})`);
      return { content: redact(reply.content), usage: priced(reply.usage, options.price), model: reply.model };
    } catch (thrown) {
      signal.throwIfAborted();
      throw runnerError(thrown, options, redact, sort);
    }
  };
}

/** The key that calls would use. Throws `RunnerError` `credentials` that names the variable when there is none. */
export function apiKey(options: Pick<AnthropicOptions, "apiKeyEnv">, effects: Pick<LlmEffects, "variables">): string {
  const variable = options.apiKeyEnv ?? DEFAULT_KEY;
  const key = (effects.variables.get(variable) ?? "").trim();
  if (key === "") {
    throw new RunnerError(
      "credentials",
      `the environment variable ${variable} is not set: it holds the key of the model provider; set it, or use a runner that needs none (replay, command)`,
    );
  }
  // Otherwise the HTTP client would refuse the header, with the key in its message.
  if (!/^[\x21-\x7e]+$/.test(key)) {
    throw new RunnerError("credentials", `the environment variable ${variable} holds characters that no key has`);
  }
  return key;
}

function runnerError(
  thrown: unknown,
  options: AnthropicOptions,
  redact: (text: string) => string,
  sort: (thrown: unknown) => ReturnType<typeof classifyFailure>,
): RunnerError {
  // No `cause`: the client's errors hold the request's headers, and with them the key.
  if (thrown instanceof GaveUp) {
    const waited = `${thrown.tries} tries in ${options.maxWait ?? MAX_WAIT}`;
    const message = redact(`${options.model} is unavailable after ${waited}: ${thrown.failure.reason}`);
    return new RunnerError("unavailable", message, { attempts: thrown.tries });
  }
  const failure = sort(thrown);
  const reason = redact(failure.kind === "final" ? failure.reason : failure.failure.reason);
  const problem = failure.kind === "final" ? failure.problem : "failed";
  const hint =
    problem === "credentials"
      ? `; check the key in ${options.apiKeyEnv ?? DEFAULT_KEY}`
      : "; check the model's name and the request's settings";
  return new RunnerError(problem, `${options.model} refused the request: ${reason}${hint}`);
}

interface RawReply {
  readonly content: string;
  readonly usage: Usage;
  readonly model: string;
  /** The reply ended because it was too long. */
  readonly cut: boolean;
}

async function attempt(
  options: AnthropicOptions,
  key: string,
  prompt: string,
  signal: AbortSignal,
  clock: Clock,
): Promise<RawReply> {
  const { default: Anthropic } = await import("@anthropic-ai/sdk");
  const timeoutMs = parseDuration(options.timeout ?? TIMEOUT);
  const client = new Anthropic({
    apiKey: key,
    ...(options.baseUrl === undefined ? {} : { baseURL: options.baseUrl }),
    maxRetries: 0,
    logLevel: "off",
    // Ours decides; the client's own covers only the time until the first byte.
    timeout: timeoutMs + 60_000,
  });
  const body = {
    model: options.model,
    max_tokens: options.maxTokens ?? MAX_TOKENS,
    messages: [{ role: "user" as const, content: prompt }],
    ...(options.temperature === undefined ? {} : { temperature: options.temperature }),
    ...(options.system === undefined ? {} : { system: options.system }),
  };
  using deadline = clock.deadline(timeoutMs);
  const both = AbortSignal.any([signal, deadline.signal]);
  const events = new ReplyEvents();
  try {
    if (options.stream === false) {
      events.message(await client.messages.create(body, { signal: both }));
    } else {
      const sent = client.messages.create({ ...body, stream: true }, { signal: both });
      const { data: stream, response } = await sent.withResponse();
      // A server that does not stream answers with the whole message: it is paid for, and as good.
      if (response.headers.get("content-type")?.includes("application/json")) events.message(await response.json());
      else for await (const event of stream) events.add(event);
    }
  } catch (thrown) {
    if (deadline.signal.aborted) throw deadline.signal.reason;
    throw thrown;
  }
  if (deadline.signal.aborted) throw deadline.signal.reason;
  both.throwIfAborted();
  return events.reply(options.model);
}

/** Puts a reply together from the events of a stream, or from one message. Trusts neither to be well formed. */
class ReplyEvents {
  readonly #text: string[] = [];
  #model: string | undefined;
  #input = 0;
  #output = 0;
  #cacheRead = 0;
  #stopReason: string | null = null;
  #complete = false;
  #length = 0;

  add(event: unknown): void {
    const data = fields(event);
    if (data.type === "message_start") this.#about(fields(data.message));
    if (data.type === "content_block_delta") this.#write(fields(data.delta));
    if (data.type === "content_block_start") this.#write(fields(data.content_block));
    if (data.type === "message_delta") {
      this.#about({ ...fields(data.delta), usage: data.usage });
    }
    if (data.type === "message_stop") this.#complete = true;
  }

  message(message: unknown): void {
    const data = fields(message);
    if (!Array.isArray(data.content)) throw new UnreadableReply("the server's reply is not a message");
    this.#about(data);
    for (const block of data.content) this.#write(fields(block));
    this.#complete = true;
  }

  reply(model: string): RawReply {
    if (!this.#complete) throw new UnreadableReply("the server's reply ended before it was complete");
    return {
      content: this.#text.join(""),
      usage: {
        inputTokens: this.#input,
        outputTokens: this.#output,
        ...(this.#cacheRead > 0 ? { cacheReadTokens: this.#cacheRead } : {}),
      },
      model: this.#model ?? model,
      cut: this.#stopReason === "max_tokens",
    };
  }

  #write(block: Readonly<Record<string, unknown>>): void {
    if ((block.type !== "text" && block.type !== "text_delta") || typeof block.text !== "string") return;
    this.#length += block.text.length;
    if (this.#length > MAX_REPLY_CHARACTERS) throw new UnreadableReply("the server's reply does not end");
    this.#text.push(block.text);
  }

  #about(message: Readonly<Record<string, unknown>>): void {
    if (typeof message.model === "string") this.#model = message.model;
    if (typeof message.stop_reason === "string") this.#stopReason = message.stop_reason;
    const usage = fields(message.usage);
    this.#input = count(usage.input_tokens, this.#input);
    this.#output = count(usage.output_tokens, this.#output);
    this.#cacheRead = count(usage.cache_read_input_tokens, this.#cacheRead);
  }
}

function fields(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? Object.fromEntries(Object.entries(value)) : {};
}

function count(value: unknown, fallback: number): number {
  return typeof value === "number" && Number.isFinite(value) && value >= 0 ? value : fallback;
}

function priced(usage: Usage, price: TokenPrice | undefined): Usage {
  if (!price) return usage;
  const costUsd = (usage.inputTokens * price.input + usage.outputTokens * price.output) / 1_000_000;
  return { ...usage, costUsd };
}
