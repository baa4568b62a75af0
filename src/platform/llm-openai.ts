import { assertOptions, type InCode, inSchema, required } from "../kernel/given-options.ts";
import { defined, isJsonObject, type JsonObject, type JsonValue, parseJson } from "../model/json.ts";
import { connect, type LlmEffects, type ModelCall, type ModelConnection, type ProviderRequest } from "./llm.ts";
import { ServerError, statusNamed, wholeMessage } from "./llm-failures.ts";
import { keyOption, LLM_OPTIONS } from "./llm-options.ts";
import { amount, fields, type IncomingReply } from "./llm-reply.ts";
import { DONE, eventData, isStream } from "./llm-request.ts";
import { systemEffects } from "./system.ts";

/** What a call to a server that speaks the OpenAI format may be given, in a spec and in code. */
export const OPENAI_OPTIONS = {
  ...LLM_OPTIONS,
  base_url: {
    ...LLM_OPTIONS.base_url,
    description:
      "The server, with its `/v1` if it has one: `http://localhost:11434/v1` (Ollama), `http://localhost:8000/v1` (vLLM).",
  },
  api_key_env: keyOption("OPENAI_API_KEY"),
  max_tokens: { ...LLM_OPTIONS.max_tokens, description: "Longest reply. Default: the server's." },
} as const;

export type OpenAIOptions = InCode<typeof OPENAI_OPTIONS, "model">;

const OPENAI_HOST = "api.openai.com";

/** A model behind a server that speaks the OpenAI Chat Completions format. */
export function openaiConnection(options: OpenAIOptions, effects: LlmEffects): ModelConnection {
  const { model, ...others } = inSchema(OPENAI_OPTIONS);
  assertOptions("openaiLlm", options, { model: required(model), ...others });
  const provider = {
    keyVariable: OPENAI_OPTIONS.api_key_env.default,
    addressVariable: "OPENAI_BASE_URL",
    // Servers differ in what they ask for cached input; none asks more.
    cacheFactors: { read: 1, write: 1 },
    endpoint,
    send: (request: ProviderRequest) => send(request, options),
  };
  return connect(provider, options, effects);
}

/** A call to a model behind any server that speaks the OpenAI Chat Completions format, with a key or without. */
export function openaiLlm(options: OpenAIOptions, effects: LlmEffects = systemEffects()): ModelCall {
  return openaiConnection(options, effects).ask;
}

/** A bare host gets the usual `/v1`. */
function endpoint(base = `https://${OPENAI_HOST}`): URL {
  const url = new URL(base);
  const path = url.pathname.replace(/(\/chat\/completions)?\/*$/, "");
  url.pathname = `${path === "" ? "/v1" : path}/chat/completions`;
  return url;
}

async function send({ prompt, url, key, request, reply }: ProviderRequest, options: OpenAIOptions): Promise<void> {
  const response = await request.fetch(url, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      accept: "text/event-stream, application/json",
      ...(key === null ? {} : { authorization: `Bearer ${key}` }),
      ...options.headers,
    },
    body: JSON.stringify(bodyOf(prompt, options, url)),
  });
  const { status, headers, body } = response;
  if (!response.ok) throw serverError(await response.text(), status, headers);
  // A server that does not stream answers with the whole message: it is paid for, and as good.
  if (body === null || !isStream(headers)) {
    const message = wholeMessage(await response.text(), response, ["choices", "error"]);
    if (message === null) throw new Error("the server's reply is not a message");
    add(reply, message, headers);
    reply.complete();
    return;
  }
  for await (const data of eventData(body)) {
    // Not every server closes the connection after it.
    if (data === DONE) return reply.complete();
    if (data !== "") add(reply, parseEvent(data), headers);
  }
}

function bodyOf(prompt: string, options: OpenAIOptions, url: URL): JsonObject {
  const { model, maxTokens, temperature, topP, system, extraBody = {} } = options;
  const body: JsonObject = {
    model,
    messages: [
      ...(system === undefined ? [] : [{ role: "system", content: system }]),
      { role: "user", content: prompt },
    ],
    stream: true,
    stream_options: { include_usage: true },
    // OpenAI's newer models refuse the name that all other servers know.
    ...(maxTokens === undefined
      ? {}
      : { [url.hostname === OPENAI_HOST ? "max_completion_tokens" : "max_tokens"]: maxTokens }),
    ...defined({ temperature, top_p: topP }),
    ...extraBody,
  };
  return Object.fromEntries(Object.entries(body).filter(([name]) => extraBody[name] !== null));
}

function parseEvent(data: string): JsonValue {
  const value = parseJson(data);
  if (value === null) throw new Error("the server sent an event that is no JSON");
  return value;
}

const ENDS = new Map<JsonValue | undefined, "cut" | "refused">([
  ["length", "cut"],
  ["content_filter", "refused"],
]);

/** How servers end a reply that they broke off. */
const BROKEN: readonly (JsonValue | undefined)[] = ["error", "abort"];

/** Takes a piece of a reply, or the whole of one: they differ in one name. */
function add(reply: IncomingReply, value: JsonValue, headers: Headers): void {
  const data = fields(value);
  if ((data.error ?? null) !== null || data.object === "error")
    throw serverError(JSON.stringify(data), undefined, headers);
  reply.from(data.model);
  addUsage(reply, data.usage);
  const [choice] = Array.isArray(data.choices) ? data.choices : [];
  const { delta, message, finish_reason: finish } = fields(choice);
  const said = fields(delta ?? message);
  const parts = Array.isArray(said.content) ? said.content.map(fields) : [{ type: "text", text: said.content }];
  for (const { type, text } of parts) if (type === "text") reply.write(text);
  if (typeof said.refusal === "string" && said.refusal !== "") {
    reply.write(said.refusal);
    reply.ends("refused");
  }
  if (BROKEN.includes(finish)) throw new Error(`the server broke its reply off (finish_reason ${finish})`);
  const end = ENDS.get(finish);
  if (end !== undefined) reply.ends(end);
  if (typeof finish === "string" && finish !== "") reply.complete();
}

function addUsage(reply: IncomingReply, told: JsonValue | undefined): void {
  if (!isJsonObject(told)) return;
  const cacheReadTokens = amount(fields(told.prompt_tokens_details).cached_tokens) || undefined;
  const inputTokens = amount(told.prompt_tokens) ?? 0;
  const outputTokens = amount(told.completion_tokens) ?? 0;
  reply.used({ inputTokens, outputTokens, ...defined({ cacheReadTokens }) });
}

/** Servers of this format say in several ways what went wrong. */
function serverError(body: string, status: number | undefined, headers: Headers): ServerError {
  const data = fields(parseJson(body));
  const error = isJsonObject(data.error) ? data.error : data;
  const text = [data.error, error.message, data.detail].find((said) => typeof said === "string");
  const kind = [error.code, error.type].find((said) => typeof said === "string");
  return new ServerError({
    ...defined({ status: status ?? statusNamed(error.code, error.type) }),
    type: typeof kind === "string" ? kind : undefined,
    message: typeof text === "string" ? text : body.trim() === "" ? "it said nothing" : body,
    headers,
  });
}
