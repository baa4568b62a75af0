import { RunnerError } from "../../kernel/errors.ts";
import type { RunnerReply } from "../../kernel/ports.ts";
import type { Usage } from "../../model/call.ts";
import { isJsonObject, type JsonValue } from "../../model/json.ts";
import { extractJson, sanitizeJson } from "../extract-json.ts";
import { cleanText, oneLine } from "../prompting/text.ts";
import { readUsage } from "./reply.ts";

export type OutputFormat = "text" | "json" | "jsonl";

/** Where agent commands put their reply, in the order they are tried when no `path` is given. */
const USUAL_PATHS = ["result", "content", "response", "text", "message", "message.content", "item.text", "output"];

/**
 * The reply in what a command wrote to stdout. `text`: all of it. `json`: the text at `path` of the one JSON value.
 * `jsonl`: the text at `path` of the last line that has one. Without `path` the usual places are tried. Throws
 * `RunnerError` `unusable-reply` when there is no reply there, `failed` when the command's own JSON says it failed.
 */
export function readCommandOutput(
  stdout: string,
  format: OutputFormat,
  path: string | undefined,
  name: string,
): RunnerReply {
  if (format === "text") return { content: cleanText(stdout).trim() };
  if (format === "json") {
    const found = extractJson(stdout);
    if (!found.ok) throw new RunnerError("unusable-reply", `${name} wrote no JSON: ${found.reason}`);
    return readValues([found.value], path, name);
  }
  return readValues(jsonLines(stdout), path, name);
}

function jsonLines(stdout: string): readonly JsonValue[] {
  return stdout.split("\n").flatMap((line) => {
    if (!/^\s*[{[]/.test(line)) return [];
    try {
      return [sanitizeJson(JSON.parse(line))];
    } catch {
      return [];
    }
  });
}

function readValues(values: readonly JsonValue[], path: string | undefined, name: string): RunnerReply {
  const last = values.at(-1);
  const paths = path === undefined ? USUAL_PATHS : [path];
  const failed = values.find((value) => isJsonObject(value) && value.is_error === true);
  if (failed) throw new RunnerError("failed", `${name} reports an error: ${oneLine(JSON.stringify(failed), 500)}`);
  const usage = usageOf(values);
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
    return { content: typeof last === "string" ? last : JSON.stringify(last), structured: last };
  }
  const where = path === undefined ? USUAL_PATHS.join(", ") : path;
  throw new RunnerError("unusable-reply", `${name} wrote no reply at ${where}; set \`path\` to where it is`);
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
    if (!usage) continue;
    const cost = value.total_cost_usd ?? value.cost_usd;
    return typeof cost === "number" && cost >= 0 ? { ...usage, costUsd: cost } : usage;
  }
  return undefined;
}
