import { RunnerError } from "../../kernel/errors.ts";
import type { RunnerReply } from "../../kernel/ports.ts";
import type { Usage } from "../../model/call.ts";
import { isJsonObject, type JsonValue, parseJson } from "../../model/json.ts";
import { OUT_OF_CREDIT } from "../../platform/llm-failures.ts";
import { promptLine, promptText } from "../../text/printable.ts";
import { extractJson, sanitizeJson } from "../extract-json.ts";
import { readUsage } from "./llm.ts";

export type OutputFormat = "text" | "json" | "jsonl";

/** Where agent commands put their reply, in the order they are tried when no `path` is given. */
const USUAL_PATHS = ["result", "content", "response", "text", "message", "message.content", "item.text", "output"];

/**
 * The reply in what a command wrote to stdout. `text`: all of it, unless it is JSON that says it failed. `json`: the text at `path` of the one JSON value.
 * `jsonl`: the text at `path` of the last line that has one. Without `path` the usual places are tried. Where there is no
 * reply, all of the output with the reason as `unusable`. Throws `RunnerError` `failed`, or `unavailable` when its provider
 * is busy, with what was used, when the command's own JSON says it failed.
 */
export function readCommandOutput(
  stdout: string,
  format: OutputFormat,
  path: string | undefined,
  name: string,
): RunnerReply {
  if (format === "text") {
    const whole = parseJson(stdout) ?? parseJson(stdout.trim().split("\n").at(-1) ?? "");
    refuseError([whole], stdout, name);
    return { content: promptText(stdout).trim() };
  }
  if (format === "json") {
    const found = extractJson(stdout);
    if (!found.ok) return { content: promptText(stdout).trim(), unusable: `it is not JSON: ${found.reason}` };
    return readValues([found.value], stdout, path, name);
  }
  return readValues(jsonLines(stdout), stdout, path, name);
}

const BUSY =
  /\b429\b|\brate.?limit|too many requests|(?:usage|session|hour|weekly|hit your) limit|\boverloaded|try again (?:in|at)\b|\bresets (?:at|in|\d)/i;
const NO_LOGIN = /invalid (?:x-)?api.?key|please run \/login|\bnot logged in\b|\b401 unauthorized\b/i;
const WAIT = /(?:try again|retry|resets?)\s+(?:in|after)\s+(\d+(?:\.\d+)?)\s*(ms|s|m|h)?/i;

/**
 * What the last words of a command that failed say of the provider behind it: that it takes no login or has no credit left, or
 * that it is busy for now; `failed` when they say neither. It is busy by all of `output`, too.
 */
export function problemIn(words: string, output = words): "credentials" | "unavailable" | "failed" {
  if (NO_LOGIN.test(words) || OUT_OF_CREDIT.test(words)) return "credentials";
  return BUSY.test(output) ? "unavailable" : "failed";
}

/** How long the last words ask to wait: `try again in 20s`. */
export function askedToWait(text: string): { readonly retryAfterMs?: number } {
  const [, amount, unit = "s"] = WAIT.exec(text) ?? [];
  if (amount === undefined) return {};
  const ms = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 }[unit.toLowerCase()] ?? 1000;
  return { retryAfterMs: Number(amount) * ms };
}

/** What the output of a command that failed says itself: why, `null` where it does not, and what was used. */
export function failureInOutput(
  stdout: string,
  format: OutputFormat,
): { said: string | null; usage: Usage | undefined } {
  if (format === "text") return { said: null, usage: undefined };
  const lines = jsonLines(stdout);
  const whole = format === "json" ? extractJson(stdout) : null;
  const values = [...(whole?.ok ? [whole.value] : []), ...lines].flat();
  return { said: saidIn(values), usage: paidOf(values) };
}

function jsonLines(stdout: string): readonly JsonValue[] {
  return stdout.split("\n").flatMap((line) => {
    if (!/^\s*[{[]/.test(line)) return [];
    const value = parseJson(line);
    return value === null ? [] : [sanitizeJson(value)];
  });
}

function readValues(values: readonly JsonValue[], stdout: string, path: string | undefined, name: string): RunnerReply {
  const last = values.at(-1);
  const paths = path === undefined ? USUAL_PATHS : [path];
  const usage = refuseError(values, stdout, name);
  // An agent may print all of its messages as one list.
  const places = (path === undefined ? values : [...values, ...values.flat()]).filter((value) => !isThought(value));
  for (const candidate of paths) {
    for (const value of [...places].reverse()) {
      const found = at(value, candidate);
      if (found === undefined || found === null) continue;
      const content = textOf(found);
      if (content === null && path === undefined) continue;
      const structured = typeof found === "string" ? {} : { structured: found };
      return { content: content ?? JSON.stringify(found), ...structured, ...(usage ? { usage } : {}) };
    }
  }
  // A list or object with none of the usual fields is itself the reply: the command was told to answer in JSON.
  if (path === undefined && values.length === 1 && last !== undefined) {
    const content = typeof last === "string" ? last : JSON.stringify(last);
    return { content, structured: last, ...(usage ? { usage } : {}) };
  }
  const where = path === undefined ? USUAL_PATHS.join(", ") : path;
  const unusable = `it holds no reply at ${where} (\`path\` of runner ${name} says where)`;
  return { content: promptText(stdout).trim(), unusable, ...(usage ? { usage } : {}) };
}

/** What an agent thought, which it may tell after its reply. */
function isThought(value: JsonValue): boolean {
  const item = isJsonObject(value) ? (value.item ?? value) : value;
  return isJsonObject(item) && item.type === "reasoning";
}

/** Throws `RunnerError` when one of the values, or of a list of them, says that the command failed; answers what was used. */
function refuseError(values: readonly JsonValue[], stdout: string, name: string): Usage | undefined {
  const all = values.flat();
  const said = saidIn(all);
  if (said === null) return usageOf(all);
  const reply = promptText(stdout);
  throw new RunnerError(problemIn(said), `${name} reports an error: ${said}`, { reply, usage: paidOf(all) });
}

/** Why the command failed, by the first of the values that says that it did; `null` when none does. */
function saidIn(values: readonly JsonValue[]): string | null {
  for (const value of values) {
    if (!isJsonObject(value) || !(value.is_error === true || value.type === "turn.failed")) continue;
    const { result, error } = value;
    const words = [result, isJsonObject(error) ? error.message : error].find((one) => typeof one === "string");
    return promptLine(typeof words === "string" && words.trim() !== "" ? words : JSON.stringify(value), 500);
  }
  return null;
}

/** What a failed command was paid for; nothing where it used nothing. */
function paidOf(values: readonly JsonValue[]): Usage | undefined {
  const usage = usageOf(values);
  return usage && usage.inputTokens + usage.outputTokens + (usage.costUsd ?? 0) > 0 ? usage : undefined;
}

/** The value at a dotted path; list positions are numbers, `-1` is the last. */
function at(value: JsonValue, path: string): JsonValue | undefined {
  let current: JsonValue | undefined = value;
  for (const key of path.split(".")) {
    if (Array.isArray(current) && /^-?\d+$/.test(key)) current = current.at(Number(key));
    else if (isJsonObject(current) && Object.hasOwn(current, key)) current = current[key];
    else return undefined;
  }
  return current;
}

/** Text as it is, or of a message's content blocks; `null` for any other value. */
function textOf(value: JsonValue): string | null {
  if (typeof value === "string") return value;
  if (!Array.isArray(value)) return null;
  const texts = value.flatMap((block) => (isJsonObject(block) && typeof block.text === "string" ? [block.text] : []));
  return texts.length > 0 ? texts.join("") : null;
}

/** Token counts and cost from the last value that has them. */
function usageOf(values: readonly JsonValue[]): Usage | undefined {
  for (const value of [...values].reverse()) {
    if (!isJsonObject(value)) continue;
    const usage = readUsage(value.usage);
    const cost = value.total_cost_usd ?? value.cost_usd;
    const costUsd = typeof cost === "number" && cost >= 0 ? cost : undefined;
    if (costUsd !== undefined) return { ...(usage ?? { inputTokens: 0, outputTokens: 0 }), costUsd };
    if (usage) return usage;
  }
  return undefined;
}
