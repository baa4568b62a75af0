import type { Clock, Effects } from "../kernel/effects.ts";
import { RunnerError } from "../kernel/errors.ts";
import { assertOptions, type InCode, inSchema, required } from "../kernel/given-options.ts";
import { createRedactor } from "../kernel/redact.ts";
import type { Usage } from "../model/call.ts";
import { defined, isJsonObject, parseJson } from "../model/json.ts";
import { parseDuration } from "../model/units.ts";
import { DURATION, TIME_LIMIT } from "../schema/dialect.ts";
import { GaveUp, withBackoff } from "./backoff.ts";
import { classifyFailure, NoProvider } from "./llm-failures.ts";
import { type RawReply, ReplyEvents, usedTogether } from "./llm-reply.ts";
import { systemEffects } from "./system.ts";

/** What a call may be given, in a spec and in code. */
export const ANTHROPIC_OPTIONS = {
  model: { type: "string", minLength: 1, "x-secret": false, description: "Model name as the provider knows it." },
  base_url: {
    type: "string",
    pattern: "^https?://",
    "x-scores": false,
    description: "Another server that speaks the Messages format.",
  },
  api_key_env: {
    type: "string",
    pattern: "^[A-Za-z_][A-Za-z0-9_]*$",
    default: "ANTHROPIC_API_KEY",
    "x-secret": false,
    "x-variables": "key",
    "x-scores": false,
    description: "The environment variable that holds the key. The key itself is never recorded.",
  },
  max_tokens: { type: "integer", minimum: 1, default: 8192, description: "Longest reply." },
  temperature: { type: "number", minimum: 0, maximum: 1, description: "Default: the provider's." },
  system: { type: "string", description: "System prompt." },
  timeout: { ...TIME_LIMIT, default: "10m", "x-scores": false, description: "Of one request." },
  max_wait: {
    ...DURATION,
    default: "5m",
    "x-scores": false,
    description: "How long a provider that is down, busy or behind a broken gateway is waited for.",
  },
  price: {
    type: "object",
    "x-scores": false,
    "x-cost": true,
    description: "Dollars per million tokens; makes `stop.cost_usd` and costs in reports work.",
    properties: { input: { type: "number", minimum: 0 }, output: { type: "number", minimum: 0 } },
    required: ["input", "output"],
    additionalProperties: false,
  },
} as const;

export type AnthropicOptions = InCode<typeof ANTHROPIC_OPTIONS, "model">;

export interface AnthropicReply {
  readonly content: string;
  readonly usage: Usage;
  readonly model: string;
}

export interface AnthropicCallOptions {
  readonly signal: AbortSignal;
  /** Once it aborts, a busy server is not waited for. */
  readonly stopping?: AbortSignal | undefined;
  readonly warn?: (code: string, message: string) => void;
  /** Whether calls were answered before this process: the address is then no wrong one, whatever comes from it. */
  readonly isKnown?: () => boolean;
}

/** An `LlmCall` that also says when it has to wait. */
export type AnthropicCall = (prompt: string, options: AnthropicCallOptions) => Promise<AnthropicReply>;

export type LlmEffects = Pick<Effects, "clock" | "variables" | "token">;

const DEFAULT_KEY = "ANTHROPIC_API_KEY";
const TIMEOUT = "10m";
const MAX_TOKENS = 8192;
/** Shorter ones are a local server's dummy and would be redacted out of ordinary words. */
const SHORTEST_SECRET = 8;

/**
 * A call to an Anthropic model, or to any server that speaks its Messages format. A busy or broken server is waited
 * for up to `maxWait` (`RunnerError` `unavailable` after it); a refused key is `credentials`, a refused request or an
 * unknown model `rejected`. Something else altogether, such as a gateway's page of HTML, is waited out like a broken
 * server; at the very start it says that the address is a wrong one: `rejected`. What failed
 * requests used, as far as the server told, counts with the reply or the error. The key is read from the environment at
 * each call and is in no message and no reply.
 */
export function anthropicLlm(options: AnthropicOptions, effects: LlmEffects = systemEffects()): AnthropicCall {
  const { model, ...others } = inSchema(ANTHROPIC_OPTIONS);
  assertOptions("anthropicLlm", options, { model: required(model), ...others });
  let isProvider = false;
  return async (prompt, { signal, stopping, warn, isKnown }) => {
    const key = apiKey(options, effects);
    const { text: redact } = createRedactor(key.length < SHORTEST_SECRET ? [] : [key]);
    const sort = (thrown: unknown) => classifyFailure(thrown, () => effects.clock.now().getTime());
    const lost: Lost = { usage: undefined, text: "" };
    try {
      const reply = await withBackoff(
        () => attempt(options, key, prompt, signal, effects.clock, lost),
        (thrown) => {
          isProvider ||= isKnown?.() === true || !(thrown instanceof NoProvider);
          if (!isProvider) return null;
          const failure = sort(thrown);
          return failure.kind === "passing" ? failure.failure : null;
        },
        {
          effects,
          maxWait: options.maxWait,
          signal,
          stopping,
          onWait: (waiting) => warn?.("runner-waiting", redact(`${options.model}: ${waiting}`)),
        },
      );
      if (reply.cut)
        warn?.(
          "reply-cut",
          `${options.model}: the reply was cut at its max tokens (${options.maxTokens ?? MAX_TOKENS})`,
        );
      isProvider = true;
      const usage = usedTogether(lost.usage, reply.usage) ?? reply.usage;
      return { content: redact(reply.content), usage: priced(usage, options.price), model: reply.model };
    } catch (thrown) {
      signal.throwIfAborted();
      if (thrown instanceof NoProvider)
        throw new RunnerError("rejected", redact(`${options.model}: ${thrown.message}; ${addressHint(options)}`));
      throw runnerError(thrown, options, redact, sort, lost);
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

function addressHint({ baseUrl }: AnthropicOptions): string {
  return baseUrl === undefined ? "check ANTHROPIC_BASE_URL and the network" : "check the base URL";
}

function runnerError(
  thrown: unknown,
  options: AnthropicOptions,
  redact: (text: string) => string,
  sort: (thrown: unknown) => ReturnType<typeof classifyFailure>,
  lost: Lost,
): RunnerError {
  const known = {
    ...(lost.usage ? { usage: priced(lost.usage, options.price) } : {}),
    ...(lost.text === "" ? {} : { reply: redact(lost.text) }),
  };
  // No `cause`: the client's errors hold the request's headers, and with them the key.
  if (thrown instanceof GaveUp) {
    const { tries, waited, failure, cause } = thrown;
    const hint = cause instanceof NoProvider ? `; ${addressHint(options)}` : "";
    const message = redact(`${options.model} is unavailable after ${waited}: ${failure.reason}${hint}`);
    return new RunnerError("unavailable", message, { attempts: tries, ...known });
  }
  const failure = sort(thrown);
  const reason = redact(failure.kind === "final" ? failure.reason : failure.failure.reason);
  const problem = failure.kind === "final" ? failure.problem : "failed";
  const hint =
    problem === "credentials"
      ? `; check the key in ${options.apiKeyEnv ?? DEFAULT_KEY}`
      : "; check the model's name and the request's settings";
  return new RunnerError(problem, `${options.model} refused the request: ${reason}${hint}`, known);
}

/** What came of the requests of a call that failed; it is paid for all the same. */
interface Lost {
  usage: Usage | undefined;
  /** Of the last of them. */
  text: string;
}

async function attempt(
  options: AnthropicOptions,
  key: string,
  prompt: string,
  signal: AbortSignal,
  clock: Clock,
  lost: Lost,
): Promise<RawReply> {
  const { default: Anthropic } = await import("@anthropic-ai/sdk");
  const timeoutMs = parseDuration(options.timeout ?? TIMEOUT);
  const client = new Anthropic({
    apiKey: key,
    ...defined({ baseURL: options.baseUrl }),
    maxRetries: 0,
    logLevel: "off",
    // Ours decides; the client's own covers only the time until the first byte.
    timeout: timeoutMs + 60_000,
  });
  const body = {
    model: options.model,
    max_tokens: options.maxTokens ?? MAX_TOKENS,
    messages: [{ role: "user" as const, content: prompt }],
    ...defined({ temperature: options.temperature, system: options.system }),
  };
  using deadline = clock.deadline(timeoutMs);
  const both = AbortSignal.any([signal, deadline.signal]);
  const events = new ReplyEvents();
  try {
    const sent = client.messages.create({ ...body, stream: true }, { signal: both });
    const { data: stream, response } = await sent.withResponse();
    // A server that does not stream answers with the whole message: it is paid for, and as good.
    if (response.headers.get("content-type")?.includes("text/event-stream"))
      for await (const event of stream) events.add(event);
    else whole(await response.text(), response, events);
    both.throwIfAborted();
    return events.reply(options.model);
  } catch (thrown) {
    lost.usage = usedTogether(lost.usage, events.usage());
    lost.text = events.text();
    throw deadline.signal.aborted ? deadline.signal.reason : thrown;
  }
}

/** Takes a body that is a whole message; an error in the provider's form may pass, anything else is from somebody else. */
function whole(body: string, { headers }: Response, events: ReplyEvents): void {
  const message = parseJson(body);
  const isOurs = isJsonObject(message) && ("content" in message || message.type === "error");
  // Half a message is one that was cut off on its way.
  const isCut = message === null && /^\s*\{/.test(body);
  if (!isOurs && !isCut) throw new NoProvider(headers.get("content-type"), body);
  events.message(message);
}

function priced(usage: Usage, price: AnthropicOptions["price"]): Usage {
  if (!price) return usage;
  const costUsd = (usage.inputTokens * price.input + usage.outputTokens * price.output) / 1_000_000;
  return { ...usage, costUsd };
}
