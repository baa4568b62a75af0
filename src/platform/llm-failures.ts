import { messageOf, type RunnerProblem } from "../kernel/errors.ts";
import { isJsonObject, type JsonValue, parseJson } from "../model/json.ts";
import { promptLine } from "../text/printable.ts";
import type { PassingFailure } from "./backoff.ts";

/** What a failed request means: one that may pass, or a problem that trying again does not mend. */
export type LlmFailure =
  | { readonly kind: "passing"; readonly failure: PassingFailure }
  | { readonly kind: "final"; readonly problem: RunnerProblem; readonly reason: string };

const PASSING_STATUS = new Set([408, 409, 425, 429]);
const CREDENTIAL_STATUS = new Set([401, 402, 403]);
/** Errors inside a stream have a type but no status. */
const STATUS_OF_TYPE = new Map([
  ["invalid_request_error", 400],
  ["authentication_error", 401],
  ["billing_error", 402],
  ["insufficient_quota", 402],
  ["permission_error", 403],
  ["not_found_error", 404],
  ["request_too_large", 413],
  ["rate_limit_error", 429],
]);
/** An account that has run dry, whatever the status: only its owner can mend that. */
const OUT_OF_CREDIT = /credit balance is too low|exceeded your current quota|insufficient_quota/i;
const MAX_REASON = 500;
/** Characters that are shown of an answer that is none. */
const MAX_START = 120;

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
    const start = promptLine(body, MAX_START);
    const type = (contentType ?? "").split(";")[0]?.trim().slice(0, 100) || "no content type";
    super(`the server answered with what is no message of a model (${type}): ${start === "" ? "nothing" : start}`);
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

/** Sorts what a request threw. Anything without a status (a reset, a refused connection, half a stream) may pass. */
export function classifyFailure(thrown: unknown, now: () => number): LlmFailure {
  const { status, type } = statusOf(thrown);
  const reason = reasonOf(thrown, status);
  const isCredentials =
    OUT_OF_CREDIT.test(reason) ||
    type === "authentication_error" ||
    (status !== undefined && CREDENTIAL_STATUS.has(status));
  if (isCredentials) return { kind: "final", problem: "credentials", reason };
  if (status !== undefined && status >= 300 && status < 400) {
    const target = headersOf(thrown)?.get("location") ?? "elsewhere";
    const told = `${reason}: the server sends on to ${promptLine(target.split("?")[0] ?? "", MAX_START)}`;
    return { kind: "final", problem: "rejected", reason: told };
  }
  if (status !== undefined && status >= 400 && status < 500 && !PASSING_STATUS.has(status))
    return { kind: "final", problem: "rejected", reason };
  const retryAfterMs = retryAfter(headersOf(thrown), now);
  return { kind: "passing", failure: { reason, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) } };
}

function statusOf(thrown: unknown): { readonly status: number | undefined; readonly type: string | undefined } {
  const type = field(thrown, "type");
  const name = typeof type === "string" ? type : undefined;
  const status = field(thrown, "status");
  if (typeof status === "number") return { status, type: name };
  return { status: name === undefined ? undefined : STATUS_OF_TYPE.get(name), type: name };
}

function reasonOf(thrown: unknown, status: number | undefined): string {
  const said = field(thrown, "apiMessage");
  const cause = thrown instanceof Error && thrown.cause !== undefined ? `: ${deepestMessage(thrown.cause)}` : "";
  const text = typeof said === "string" && said !== "" ? said : `${messageOf(thrown)}${cause}`;
  const type = field(thrown, "type");
  const head = [status === undefined ? "" : `status ${status}`, typeof type === "string" ? type : ""];
  return promptLine([...head.filter((part) => part !== ""), text].join(", "), MAX_REASON);
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
