import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { isJsonObject, parseJson } from "../../src/model/json.ts";

/** In the text of an answer: sent as a byte that is no UTF-8. */
export const NO_UTF8 = "\ue0ff";

/** What the server does with one request. */
export type ModelAnswer =
  | {
      readonly kind: "text";
      readonly text: string;
      readonly inputTokens?: number;
      readonly outputTokens?: number;
      readonly stopReason?: string;
    }
  /** An error status in the provider's form; `retryAfter` in seconds. */
  | {
      readonly kind: "status";
      readonly status: number;
      readonly retryAfter?: number;
      readonly message?: string;
      readonly location?: string;
      /** In place of an error in the provider's form. */
      readonly body?: string;
    }
  /** The first half of a stream, then nothing more until the client leaves. */
  | { readonly kind: "stall"; readonly text: string }
  /** No byte until the client leaves or the server closes. */
  | { readonly kind: "hang" }
  /** The first half of a stream (or of a body), then the connection is cut. */
  | { readonly kind: "half"; readonly text: string }
  /** A stream that ends in an error event. */
  | { readonly kind: "stream-error"; readonly type: string }
  /** Status 200 and a body that is no message. */
  | { readonly kind: "garbage"; readonly body?: string | Uint8Array; readonly contentType?: string }
  /** The request's path and headers, as text of a reply or, with `status`, of an error. */
  | { readonly kind: "echo-headers"; readonly status?: number };

/** One request as it came in. */
export interface ModelRequest {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Readonly<Record<string, unknown>>;
  /** Text of the last message. */
  readonly prompt: string;
  readonly stream: boolean;
}

/** Answers in order, the last one over and over; or a function of the request and its number, from 0. */
export type ModelScript =
  | readonly ModelAnswer[]
  | ((request: ModelRequest, number: number) => ModelAnswer | string | Promise<ModelAnswer | string>);

export interface ModelServer extends AsyncDisposable {
  /** For `base_url`. */
  readonly url: string;
  /** Every request so far, in the order they came. */
  readonly requests: readonly ModelRequest[];
  /** Requests that are being answered, or hang. */
  readonly open: () => number;
  close(): Promise<void>;
}

/**
 * A loopback server that speaks the Anthropic Messages format or, where it is asked for chat completions, OpenAI's,
 * streamed and not, and does what its script says.
 */
export async function startModelServer(script: ModelScript): Promise<ModelServer> {
  const requests: ModelRequest[] = [];
  let open = 0;
  const server = createServer((incoming, response) => {
    open++;
    response.on("close", () => open--);
    void handle(incoming, response, script, requests);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const close = async (): Promise<void> => {
    server.closeAllConnections();
    await new Promise<void>((resolve) => server.close(() => resolve()));
  };
  return {
    url: `http://127.0.0.1:${portOf(server.address())}`,
    requests,
    open: () => open,
    close,
    [Symbol.asyncDispose]: close,
  };
}

function portOf(address: AddressInfo | string | null): number {
  if (typeof address !== "object" || address === null) throw new Error("the server has no address");
  return address.port;
}

async function handle(
  incoming: IncomingMessage,
  response: ServerResponse,
  script: ModelScript,
  requests: ModelRequest[],
): Promise<void> {
  const request = await readRequest(incoming);
  const number = requests.push(request) - 1;
  const scripted = typeof script === "function" ? await script(request, number) : (script[number] ?? script.at(-1));
  const answer = typeof scripted === "string" ? ({ kind: "text", text: scripted } as const) : scripted;
  if (!answer) response.writeHead(500).end();
  else if (!response.destroyed) send(answer, request, response);
}

function send(answer: ModelAnswer, request: ModelRequest, response: ServerResponse): void {
  switch (answer.kind) {
    case "hang":
      return;
    case "status":
      sendError(response, answer.status, answer.message ?? `scripted ${answer.status}`, answer);
      return;
    case "echo-headers": {
      const echo = JSON.stringify({ path: request.path, ...request.headers });
      if (answer.status === undefined) sendText({ kind: "text", text: echo }, request, response);
      else sendError(response, answer.status, echo);
      return;
    }
    case "garbage":
      response.writeHead(200, { "content-type": answer.contentType ?? "text/html" });
      response.end(answer.body ?? "<html>hello</html>");
      return;
    case "stream-error": {
      response.writeHead(200, { "content-type": "text/event-stream" });
      const [start] = eventsOf(request, "", {});
      const error = { type: "error", error: { type: answer.type, message: "scripted" } };
      response.end(`${start ?? ""}${isChat(request) ? chatEvent(error) : event(error)}`);
      return;
    }
    case "half":
      sendHalf(answer.text, request, response, () => response.destroy());
      return;
    case "stall":
      sendHalf(answer.text, request, response, () => {});
      return;
    case "text":
      sendText(answer, request, response);
      return;
  }
}

function bytesOf(text: string): Uint8Array {
  return Buffer.concat(
    text.split(NO_UTF8).flatMap((part, place) => [Buffer.from(place === 0 ? [] : [0xff]), Buffer.from(part)]),
  );
}

type TextAnswer = Extract<ModelAnswer, { kind: "text" }>;

function sendText(answer: TextAnswer, request: ModelRequest, response: ServerResponse): void {
  if (!request.stream) {
    response.writeHead(200, { "content-type": "application/json" });
    response.end(bytesOf(JSON.stringify(messageOf(request, answer.text, answer))));
    return;
  }
  response.writeHead(200, { "content-type": "text/event-stream" });
  for (const chunk of eventsOf(request, answer.text, answer)) response.write(bytesOf(chunk));
  response.end();
}

function sendHalf(text: string, request: ModelRequest, response: ServerResponse, then: () => void): void {
  const whole = request.stream ? eventsOf(request, text, {}).join("") : JSON.stringify(messageOf(request, text, {}));
  const type = request.stream ? "text/event-stream" : "application/json";
  response.writeHead(200, { "content-type": type });
  response.write(whole.slice(0, Math.floor(whole.length / 2)), then);
}

type ErrorAnswer = Omit<Extract<ModelAnswer, { kind: "status" }>, "kind" | "status">;

function sendError(response: ServerResponse, status: number, message: string, answer: ErrorAnswer = {}): void {
  const { retryAfter, location, body } = answer;
  const headers = {
    "content-type": "application/json",
    ...(retryAfter === undefined ? {} : { "retry-after": `${retryAfter}` }),
    ...(location === undefined ? {} : { location }),
  };
  response.writeHead(status, headers);
  response.end(body ?? JSON.stringify({ type: "error", error: { type: errorType(status), message } }));
}

function errorType(status: number): string {
  const types = new Map([
    [400, "invalid_request_error"],
    [401, "authentication_error"],
    [403, "permission_error"],
    [404, "not_found_error"],
    [429, "rate_limit_error"],
    [529, "overloaded_error"],
  ]);
  return types.get(status) ?? "api_error";
}

type Counts = Omit<TextAnswer, "kind" | "text">;

function messageOf(request: ModelRequest, text: string, counts: Counts): object {
  if (isChat(request)) {
    const choice = { index: 0, message: { role: "assistant", content: text }, finish_reason: finishOf(counts) };
    return { ...chatHead(request, "chat.completion"), choices: [choice], usage: chatUsageOf(request, text, counts) };
  }
  return {
    id: "msg_scripted",
    type: "message",
    role: "assistant",
    model: request.body.model,
    content: [{ type: "text", text }],
    stop_reason: counts.stopReason ?? "end_turn",
    stop_sequence: null,
    usage: usageOf(request, text, counts),
  };
}

function usageOf(request: ModelRequest, text: string, counts: Counts): { input_tokens: number; output_tokens: number } {
  return {
    input_tokens: counts.inputTokens ?? Math.ceil(request.prompt.length / 4),
    output_tokens: counts.outputTokens ?? Math.ceil(text.length / 4),
  };
}

/** The server-sent events of a streamed reply; the text comes in pieces of a few characters. */
function eventsOf(request: ModelRequest, text: string, counts: Counts): readonly string[] {
  if (isChat(request)) return chatEventsOf(request, text, counts);
  const usage = usageOf(request, text, counts);
  const empty = { ...messageOf(request, "", counts), content: [], stop_reason: null };
  return [
    { type: "message_start", message: { ...empty, usage: { ...usage, output_tokens: 1 } } },
    { type: "content_block_start", index: 0, content_block: { type: "text", text: "" } },
    { type: "ping" },
    ...piecesOf(text).map((piece) => ({
      type: "content_block_delta",
      index: 0,
      delta: { type: "text_delta", text: piece },
    })),
    { type: "content_block_stop", index: 0 },
    {
      type: "message_delta",
      delta: { stop_reason: counts.stopReason ?? "end_turn", stop_sequence: null },
      usage: { output_tokens: usage.output_tokens },
    },
    { type: "message_stop" },
  ].map(event);
}

/** The chunks of a streamed chat completion, the usage in one of its own, as servers send it when asked to. */
function chatEventsOf(request: ModelRequest, text: string, counts: Counts): readonly string[] {
  const head = chatHead(request, "chat.completion.chunk");
  const chunk = (delta: object, finish: string | null = null): string =>
    chatEvent({ ...head, choices: [{ index: 0, delta, finish_reason: finish }] });
  return [
    chunk({ role: "assistant", content: "" }),
    ...piecesOf(text).map((content) => chunk({ content })),
    chunk({}, finishOf(counts)),
    chatEvent({ ...head, choices: [], usage: chatUsageOf(request, text, counts) }),
    "data: [DONE]\n\n",
  ];
}

function isChat({ path }: ModelRequest): boolean {
  return path.includes("/chat/completions");
}

function chatHead(request: ModelRequest, object: string): object {
  return { id: "chatcmpl-scripted", object, created: 0, model: request.body.model };
}

function finishOf({ stopReason = "end_turn" }: Counts): string {
  const reasons = new Map([
    ["max_tokens", "length"],
    ["refusal", "content_filter"],
  ]);
  return reasons.get(stopReason) ?? "stop";
}

function chatUsageOf(request: ModelRequest, text: string, counts: Counts): object {
  const { input_tokens: prompt, output_tokens: completion } = usageOf(request, text, counts);
  return { prompt_tokens: prompt, completion_tokens: completion, total_tokens: prompt + completion };
}

function chatEvent(data: object): string {
  return `data: ${JSON.stringify(data)}\n\n`;
}

/** At most fifty pieces, of a few characters at least. */
function piecesOf(text: string): readonly string[] {
  const characters = text.length > 100_000 ? (text.match(/.{1,10000}/gsu) ?? []) : [...text];
  const size = Math.max(5, Math.ceil(characters.length / 50));
  return Array.from({ length: Math.ceil(characters.length / size) }, (_, place) =>
    characters.slice(place * size, (place + 1) * size).join(""),
  );
}

function event(data: { readonly type: string }): string {
  return `event: ${data.type}\ndata: ${JSON.stringify(data)}\n\n`;
}

async function readRequest(incoming: IncomingMessage): Promise<ModelRequest> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of incoming) if (chunk instanceof Uint8Array) chunks.push(chunk);
  const body = parseBody(Buffer.concat(chunks).toString("utf8"));
  return {
    path: incoming.url ?? "",
    headers: incoming.headers,
    body,
    prompt: promptOf(body.messages),
    stream: body.stream === true,
  };
}

function parseBody(text: string): Readonly<Record<string, unknown>> {
  const body = parseJson(text);
  return isJsonObject(body) ? body : {};
}

function promptOf(messages: unknown): string {
  const last: unknown = Array.isArray(messages) ? messages.at(-1) : undefined;
  if (typeof last !== "object" || last === null || !("content" in last)) return "";
  if (typeof last.content === "string") return last.content;
  if (!Array.isArray(last.content)) return "";
  return last.content
    .map((block: unknown) => (typeof block === "object" && block !== null && "text" in block ? String(block.text) : ""))
    .join("");
}
