import { messageOf, type RunnerProblem } from "../kernel/errors.ts";
import { defined, isJsonObject, type JsonValue, parseJson } from "../model/json.ts";
import { promptLine } from "../text/printable.ts";
import type { PassingFailure } from "./backoff.ts";

/** What a failed request means: one that may pass, or a problem that trying again does not mend. */
export type LlmFailure =
  | (PassingFailure & { readonly kind: "passing" })
  | { readonly kind: "final"; readonly problem: RunnerProblem; readonly reason: string };

const PASSING_STATUS = new Set([408, 409, 425, 429]);
const CREDENTIAL_STATUS = new Set([401, 402, 403]);
/** Errors that come with status 200, inside a stream or not, have a type or a code of their own. */
const STATUS_OF_TYPE = new Map([
  ["invalid_request_error", 400],
  ["context_length_exceeded", 400],
  ["authentication_error", 401],
  ["invalid_api_key", 401],
  ["billing_error", 402],
  ["insufficient_quota", 402],
  ["permission_error", 403],
  ["not_found_error", 404],
  ["model_not_found", 404],
  ["request_too_large", 413],
  ["rate_limit_error", 429],
]);
/** An account that has run dry, whatever the status: only its owner can mend that. */
export const OUT_OF_CREDIT = /credit balance is too low|exceeded your current quota|insufficient_quota/i;
const MAX_REASON = 500;
/** Of the address that a server sends on to, and of what is said of a page that is no answer. */
const MAX_START = 120;
const MAX_PAGE = 200;

/** An error that a server answered with, in words that it chose. */
export class ServerError extends Error {
  readonly status: number | undefined;
  readonly type: string | undefined;
  readonly apiMessage: string;
  readonly headers: Headers;

  constructor(said: { status?: number; type?: string | undefined; message: string; headers: Headers }) {
    super(said.message);
    this.status = said.status;
    this.type = said.type;
    this.apiMessage = said.message;
    this.headers = said.headers;
  }
}

/** What came with status 200 and has nothing of a reply: whatever answered is no model provider, for now at least. */
export class NoProvider extends Error {
  constructor(contentType: string | null, body: string) {
    const type = (contentType ?? "").split(";")[0]?.trim().slice(0, 100) || "no content type";
    super(`the server answered with what is no message of a model (${type}): ${body.trim() === "" ? "nothing" : body}`);
  }
}

/** A body that has come whole, as JSON; what is no message of a model (by these fields) is from somebody else. */
export function wholeMessage(body: string, { headers }: Response, telling: readonly string[]): JsonValue {
  const message = parseJson(body);
  const isOurs = isJsonObject(message) && telling.some((field) => field in message);
  // Half a message is one that was cut off on its way.
  const isCut = message === null && /^\s*\{/.test(body);
  if (!isOurs && !isCut) throw new NoProvider(headers.get("content-type"), body);
  return message;
}

/**
 * Sorts what a request threw. Anything without a status (a reset, a refused connection, half a stream) may pass. `redact`
 * takes secrets out of what the server said, before it is cut to a readable length: half a secret is not found any more.
 */
export function classifyFailure(thrown: unknown, now: () => number, redact: (text: string) => string): LlmFailure {
  const { status, type } = statusOf(thrown);
  const reason = reasonOf(thrown, status, redact);
  const isCredentials =
    OUT_OF_CREDIT.test(reason) ||
    type === "authentication_error" ||
    (status !== undefined && CREDENTIAL_STATUS.has(status));
  if (isCredentials) return { kind: "final", problem: "credentials", reason };
  if (status !== undefined && status >= 300 && status < 400) {
    const target = headersOf(thrown)?.get("location") ?? "elsewhere";
    const told = `${reason}: the server sends on to ${promptLine(redact(target).split("?")[0] ?? "", MAX_START)}`;
    return { kind: "final", problem: "rejected", reason: told };
  }
  if (status !== undefined && status >= 400 && status < 500 && !PASSING_STATUS.has(status))
    return { kind: "final", problem: "rejected", reason };
  const retryAfterMs = retryAfter(headersOf(thrown), now);
  return { kind: "passing", reason, ...defined({ retryAfterMs }) };
}

/** The status that an error in a reply's own words means: a number, a number as text, or a name. */
export function statusNamed(...said: readonly (JsonValue | undefined)[]): number | undefined {
  for (const one of said) {
    const status = typeof one === "string" ? (STATUS_OF_TYPE.get(one) ?? Number(one)) : one;
    if (typeof status === "number" && status >= 400 && status < 600) return status;
  }
  return undefined;
}

function statusOf(thrown: unknown): { readonly status: number | undefined; readonly type: string | undefined } {
  const type = field(thrown, "type");
  const name = typeof type === "string" ? type : undefined;
  const status = field(thrown, "status");
  return { status: typeof status === "number" ? status : statusNamed(name), type: name };
}

function reasonOf(thrown: unknown, status: number | undefined, redact: (text: string) => string): string {
  const said = field(thrown, "apiMessage");
  const cause = thrown instanceof Error && thrown.cause !== undefined ? `: ${deepestMessage(thrown.cause)}` : "";
  const text = typeof said === "string" && said !== "" ? said : `${messageOf(thrown)}${cause}`;
  const type = field(thrown, "type");
  const head = [status === undefined ? "" : `status ${status}`, typeof type === "string" ? type : ""];
  const most = thrown instanceof NoProvider ? MAX_PAGE : MAX_REASON;
  return promptLine(redact([...head.filter((part) => part !== ""), text].join(", ")), most);
}

function deepestMessage(cause: unknown): string {
  let deepest = cause;
  for (let depth = 0; depth < 5 && deepest instanceof Error && deepest.cause !== undefined; depth++)
    deepest = deepest.cause;
  const code = field(deepest, "code");
  return typeof code === "string" ? `${messageOf(deepest)} (${code})` : messageOf(deepest);
}

function headersOf(thrown: unknown): Headers | undefined {
  const headers = field(thrown, "headers");
  return headers instanceof Headers ? headers : undefined;
}

/** Milliseconds that `retry-after-ms` or `retry-after` (seconds or a date) ask for. */
function retryAfter(headers: Headers | undefined, now: () => number): number | undefined {
  if (headers === undefined) return undefined;
  const ms = Number(headers.get("retry-after-ms") ?? Number.NaN);
  if (Number.isFinite(ms) && ms >= 0) return ms;
  const text = headers.get("retry-after");
  if (text === null || text.trim() === "") return undefined;
  const seconds = Number(text);
  if (Number.isFinite(seconds)) return Math.max(0, seconds * 1000);
  const date = Date.parse(text);
  return Number.isNaN(date) ? undefined : Math.max(0, date - now());
}

function field(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? Reflect.get(value, name) : undefined;
}
