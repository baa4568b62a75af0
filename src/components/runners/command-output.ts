import { RunnerError } from "../../kernel/errors.ts";
import type { RunnerReply } from "../../kernel/ports.ts";
import type { Usage } from "../../model/call.ts";
import { isJsonObject, type JsonValue, parseJson } from "../../model/json.ts";
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
  /\b429\b|\brate.?limit|too many requests|(?:usage|session|hour|weekly) limit|\boverloaded|try again (?:in|at)\b|\bresets (?:at|in)\b/i;
const WAIT = /(?:try again|retry|resets?)\s+(?:in|after)\s+(\d+(?:\.\d+)?)\s*(ms|s|m|h)?/i;

/** Whether the last words of a command that failed say that the provider behind it is busy for now. */
export function saysBusy(text: string): boolean {
  return BUSY.test(text);
}

/** How long the last words ask to wait: `try again in 20s`. */
export function askedToWait(text: string): { readonly retryAfterMs?: number } {
  const [, amount, unit = "s"] = WAIT.exec(text) ?? [];
  if (amount === undefined) return {};
  const ms = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 }[unit.toLowerCase()] ?? 1000;
  return { retryAfterMs: Number(amount) * ms };
}

/** Token counts and cost in the output of a command that failed, where it tells of them. */
export function usageInOutput(stdout: string, format: OutputFormat): Usage | undefined {
  if (format === "text") return undefined;
  const lines = usageOf(jsonLines(stdout));
  if (lines || format === "jsonl") return lines;
  const found = extractJson(stdout);
  return found.ok ? usageOf([found.value]) : undefined;
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
  for (const candidate of paths) {
    for (const value of [...values].reverse()) {
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

/** Throws `RunnerError` when one of the values, or of a list of them, says that the command failed; answers what was used. */
function refuseError(values: readonly JsonValue[], stdout: string, name: string): Usage | undefined {
  const all = values.flat();
  const failed = all.find((value) => isJsonObject(value) && value.is_error === true);
  const usage = usageOf(all);
  if (!failed) return usage;
  const words = isJsonObject(failed) && typeof failed.result === "string" ? failed.result.trim() : "";
  const said = promptLine(words === "" ? JSON.stringify(failed) : words, 500);
  throw new RunnerError(saysBusy(said) ? "unavailable" : "failed", `${name} reports an error: ${said}`, {
    reply: promptText(stdout),
    ...(usage ? { usage } : {}),
  });
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
