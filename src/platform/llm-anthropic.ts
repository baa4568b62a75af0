import { assertOptions, type InCode, inSchema, required } from "../kernel/given-options.ts";
import type { Usage } from "../model/call.ts";
import { defined, isJsonObject, type JsonObject, type JsonValue } from "../model/json.ts";
import { JSON_OBJECT } from "../schema/dialect.ts";
import { connect, type LlmEffects, type ModelCall, type ModelConnection, type ProviderRequest } from "./llm.ts";
import { ServerError, statusNamed, wholeMessage } from "./llm-failures.ts";
import { keyOption, LLM_OPTIONS } from "./llm-options.ts";
import { amount, fields, type IncomingReply } from "./llm-reply.ts";
import { isStream } from "./llm-request.ts";
import { systemEffects } from "./system.ts";

/** What a call to an Anthropic model may be given, in a spec and in code. */
export const ANTHROPIC_OPTIONS = {
  ...LLM_OPTIONS,
  base_url: { ...LLM_OPTIONS.base_url, description: "Another server that speaks the Messages format." },
  api_key_env: keyOption("ANTHROPIC_API_KEY"),
  max_tokens: { ...LLM_OPTIONS.max_tokens, default: 8192 },
  temperature: { ...LLM_OPTIONS.temperature, maximum: 1 },
  thinking: {
    ...JSON_OBJECT,
    description: "Extended thinking, as the API takes it: `{ type: enabled, budget_tokens: 4000 }`.",
  },
  cache: {
    type: "boolean",
    default: true,
    "x-scores": false,
    description: "Has the provider cache the beginning that prompts share, which then costs a tenth.",
  },
} as const;

export type AnthropicOptions = InCode<typeof ANTHROPIC_OPTIONS, "model">;

const MAX_TOKENS = ANTHROPIC_OPTIONS.max_tokens.default;

/** A model behind the Anthropic Messages API, through Anthropic's own SDK. */
export function anthropicConnection(options: AnthropicOptions, effects: LlmEffects): ModelConnection {
  const { model, ...others } = inSchema(ANTHROPIC_OPTIONS);
  assertOptions("anthropicLlm", options, { model: required(model), ...others });
  const prefixes = options.cache === false ? null : new PromptPrefixes();
  const provider = {
    keyVariable: ANTHROPIC_OPTIONS.api_key_env.default,
    addressVariable: "ANTHROPIC_BASE_URL",
    headerVariable: "ANTHROPIC_CUSTOM_HEADERS",
    maxTokens: MAX_TOKENS,
    cacheFactors: { read: 0.1, write: 1.25 },
    endpoint,
    send: (request: ProviderRequest) => send(request, options, prefixes),
  };
  return connect(provider, options, effects);
}

/** A call to an Anthropic model, or to any server that speaks its Messages format. */
export function anthropicLlm(options: AnthropicOptions, effects: LlmEffects = systemEffects()): ModelCall {
  return anthropicConnection(options, effects).ask;
}

/** With or without the `/v1` that other formats have in their base URL. */
function endpoint(base = "https://api.anthropic.com"): URL {
  const url = new URL(base);
  url.pathname = `${url.pathname.replace(/(\/v1)?(\/messages)?\/*$/, "")}/v1/messages`;
  return url;
}

async function send(
  { prompt, url, key, request, reply }: ProviderRequest,
  options: AnthropicOptions,
  prefixes: PromptPrefixes | null,
): Promise<void> {
  const { default: Anthropic } = await import("@anthropic-ai/sdk");
  const client = new Anthropic({
    // The SDK looks for credentials of its own when it is given none.
    apiKey: key ?? "none",
    defaultHeaders: { ...(key === null ? { authorization: null } : {}), ...options.headers },
    baseURL: url.origin,
    maxRetries: 0,
    logLevel: "off",
    // Ours decides; the SDK's own covers only the time until the first byte.
    timeout: 2 ** 31 - 1,
    fetch: request.fetch,
  });
  const sent = client.post<AsyncIterable<JsonValue>>(`${url.pathname}${url.search}`, {
    body: bodyOf(prompt, options, prefixes),
    stream: true,
    signal: request.signal,
  });
  const { data: stream, response } = await sent.withResponse();
  // A server that does not stream answers with the whole message: it is paid for, and as good.
  if (!isStream(response.headers))
    return addMessage(reply, wholeMessage(await response.text(), response, ["content", "error"]), response.headers);
  for await (const event of stream) {
    addEvent(reply, fields(event));
    // Not every server closes the connection after it.
    if (reply.isComplete) return;
  }
}

function bodyOf(prompt: string, options: AnthropicOptions, prefixes: PromptPrefixes | null): JsonObject {
  const { model, maxTokens = MAX_TOKENS, temperature, topP, thinking, extraBody = {} } = options;
  const shared = prefixes?.of(prompt) ?? "";
  const system = options.system;
  const cached = (text: string) => ({ type: "text", text, cache_control: { type: "ephemeral" } });
  const content = shared === "" ? prompt : [cached(shared), { type: "text", text: prompt.slice(shared.length) }];
  const body: JsonObject = {
    model,
    max_tokens: maxTokens,
    messages: [{ role: "user", content }],
    stream: true,
    ...defined({ temperature, system, thinking, top_p: topP }),
    ...extraBody,
  };
  return Object.fromEntries(Object.entries(body).filter(([name]) => extraBody[name] !== null));
}

const ENDS = new Map<JsonValue | undefined, "cut" | "refused">([
  ["max_tokens", "cut"],
  ["model_context_window_exceeded", "cut"],
  ["refusal", "refused"],
]);

function addEvent(reply: IncomingReply, event: JsonObject): void {
  if (event.type === "message_start") addAbout(reply, fields(event.message));
  if (event.type === "content_block_start") addBlock(reply, fields(event.content_block));
  if (event.type === "content_block_delta") addBlock(reply, fields(event.delta));
  if (event.type === "message_delta") addAbout(reply, { ...fields(event.delta), usage: event.usage ?? null });
  if (event.type === "message_stop") reply.complete();
}

function addMessage(reply: IncomingReply, value: JsonValue, headers: Headers): void {
  const data = fields(value);
  if (isJsonObject(data.error)) {
    const { type, message } = data.error;
    const said = typeof message === "string" ? message : JSON.stringify(data.error);
    throw new ServerError({
      ...defined({ status: statusNamed(type) }),
      type: typeof type === "string" ? type : undefined,
      message: said,
      headers,
    });
  }
  if (!Array.isArray(data.content)) throw new Error("the server's reply is not a message");
  addAbout(reply, data);
  for (const block of data.content) addBlock(reply, fields(block));
  reply.complete();
}

function addBlock(reply: IncomingReply, block: JsonObject): void {
  if (block.type === "text" || block.type === "text_delta") reply.write(block.text);
}

function addAbout(reply: IncomingReply, { model, stop_reason: stop, usage }: JsonObject): void {
  reply.from(model);
  const end = ENDS.get(stop);
  if (end !== undefined) reply.ends(end);
  reply.used(usageOf(fields(usage), reply.usage));
}

/** The API counts what it read from and wrote to its cache beside the rest of the input; here input is all of it. */
function usageOf(told: JsonObject, before: Usage | undefined): Usage {
  const { inputTokens = 0, outputTokens = 0, cacheReadTokens = 0, cacheWriteTokens = 0 } = before ?? {};
  const read = amount(told.cache_read_input_tokens) ?? cacheReadTokens;
  const written = amount(told.cache_creation_input_tokens) ?? cacheWriteTokens;
  const rest = amount(told.input_tokens) ?? inputTokens - cacheReadTokens - cacheWriteTokens;
  return {
    inputTokens: rest + read + written,
    outputTokens: amount(told.output_tokens) ?? outputTokens,
    ...(read > 0 ? { cacheReadTokens: read } : {}),
    ...(written > 0 ? { cacheWriteTokens: written } : {}),
  };
}

/** Providers cache nothing shorter than about a thousand tokens. */
const SHORTEST_CACHED = 4096;
const PROMPTS_REMEMBERED = 8;

/**
 * Finds the beginning that the prompts of a runner share, as what a provider is told to cache: a cached beginning is
 * found again only when it ends at the very same place, so one that has been used is used as long as it fits.
 */
class PromptPrefixes {
  #prompts: readonly string[] = [];
  #used: readonly string[] = [];

  /** The shared beginning of this prompt, whole lines of it; empty when there is none worth caching. */
  of(prompt: string): string {
    const longest = (texts: readonly string[]) => texts.reduce((a, b) => (b.length > a.length ? b : a), "");
    const known = longest(this.#used.filter((prefix) => prompt.startsWith(prefix)));
    const shared = longest(this.#prompts.map((earlier) => sharedLines(earlier, prompt)));
    const isWorthIt = shared.length >= Math.max(SHORTEST_CACHED, 2 * known.length);
    const prefix = isWorthIt ? shared : known;
    this.#prompts = [...this.#prompts.filter((earlier) => earlier !== prompt), prompt].slice(-PROMPTS_REMEMBERED);
    if (isWorthIt) this.#used = [...this.#used, shared].slice(-PROMPTS_REMEMBERED);
    return prefix;
  }
}

/** The lines that two texts begin with alike; something is left of each. */
function sharedLines(a: string, b: string): string {
  const most = Math.min(a.length, b.length) - 1;
  let at = 0;
  while (at < most && a.charCodeAt(at) === b.charCodeAt(at)) at++;
  return b.slice(0, b.lastIndexOf("\n", at - 1) + 1);
}
