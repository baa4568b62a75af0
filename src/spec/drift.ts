import { canonicalJson, isJsonObject, type JsonObject, type JsonValue } from "../model/json.ts";
import { sha256Of } from "../platform/files/hash.ts";
import { shown } from "../text/printable.ts";
import type { SpecPath } from "./places.ts";

/** One difference between the spec a run was started with and the spec as it is now. */
export interface SpecChange {
  readonly path: string;
  /** `undefined`: the key was not there. */
  readonly before: JsonValue | undefined;
  readonly after: JsonValue | undefined;
  /** Scores stay comparable: the change applies on resume without being asked about. */
  readonly safe: boolean;
}

/**
 * All differences between two raw specs, field by field, in the order of the old one, then of the new one. All of them
 * are safe exactly when `specHash` is the same for both.
 */
export function specDrift(before: JsonObject, after: JsonObject): readonly SpecChange[] {
  const used = new Set([...usedNames(before), ...usedNames(after)]);
  return differences(before, after, []).map((change) => ({
    path: change.path.join("."),
    before: change.before,
    after: change.after,
    safe: isSafe(change.path, used),
  }));
}

/** Drift for people: one line a field, then one each for `elsewhere`; changes that need consent marked. */
export function formatDrift(
  changes: readonly SpecChange[],
  elsewhere: readonly { readonly path: string; readonly what: string }[] = [],
): string {
  const width = Math.max(0, ...[...changes, ...elsewhere].map(({ path }) => path.length));
  const fields = changes.map(({ path, before, after, safe }) => {
    const mark = safe ? " " : "!";
    return `${mark} ${path.padEnd(width)}  ${shownOrNone(before)} -> ${shownOrNone(after)}`;
  });
  return [...fields, ...elsewhere.map(({ path, what }) => `! ${path.padEnd(width)}  ${what}`)].join("\n");
}

/** SHA-256 of the part of a raw spec that scores depend on, hex. */
export function specHash(raw: JsonObject): string {
  return sha256Of(canonicalJson(withoutSafe(raw, [], usedNames(raw))));
}

const SAFE_TOP: ReadonlySet<string> = new Set([
  "stop",
  "parallel",
  "retries",
  "keep",
  "keep_files",
  "workspace",
  "reporter",
]);
/** Options by which a component that runs processes is bounded, wherever in a stage they stand. */
const SAFE_LIMITS: ReadonlySet<string> = new Set([
  "timeout",
  "limits",
  "strict_limits",
  "poll_interval",
  "queue_timeout",
]);
const SAFE_RUNNER: ReadonlySet<string> = new Set([
  "timeout",
  "max_wait",
  "concurrency",
  "rate",
  "price",
  "record",
  "api_key_env",
]);
const STAGES: ReadonlySet<string> = new Set(["researcher", "experimenter", "evaluator", "reviewer", "checks"]);

/** Maps whose keys are names a user chose; `timeout` or `x-…` is a name like any other there. */
const NAMED: ReadonlySet<string> = new Set(["space", "env", "vars", "patterns", "constraints", "cases"]);

/** Whether scores before and after a change at this path are comparable. */
function isSafe(path: SpecPath, used: ReadonlySet<string>): boolean {
  const [top, second, third] = path;
  if (top === undefined) return false;
  if (SAFE_TOP.has(top) || path.some((key, at) => key.startsWith("x-") && !isUserNamed(path, at))) return true;
  if (top === "runners") {
    return second !== undefined && (!used.has(second) || (third !== undefined && SAFE_RUNNER.has(third)));
  }
  if (!STAGES.has(top)) return false;
  return path.some((key, at) => {
    if (at === 0 || isUserNamed(path, at)) return false;
    return SAFE_LIMITS.has(key) || (path[at - 1] === "runner" && SAFE_RUNNER.has(key));
  });
}

function isUserNamed(path: SpecPath, at: number): boolean {
  return path[at - 1] === "runners" || path.slice(0, at).some((key) => NAMED.has(key));
}

/** Whether a change at a path of this spec leaves scores comparable. */
export function safePaths(raw: JsonObject): (path: SpecPath) => boolean {
  const used = usedNames(raw);
  return (path) => isSafe(path, used);
}

/** Every text in the stages of a spec: a runner whose name is not among them has no effect on scores. */
function usedNames(raw: JsonObject): ReadonlySet<string> {
  const names = new Set<string>();
  const collect = (value: JsonValue): void => {
    if (typeof value === "string") names.add(value);
    else if (Array.isArray(value)) for (const item of value) collect(item);
    else if (isJsonObject(value)) for (const item of Object.values(value)) collect(item);
  };
  for (const [key, value] of Object.entries(raw)) if (STAGES.has(key)) collect(value);
  return names;
}

interface Difference {
  readonly path: SpecPath;
  readonly before: JsonValue | undefined;
  readonly after: JsonValue | undefined;
}

function differences(
  before: JsonValue | undefined,
  after: JsonValue | undefined,
  path: SpecPath,
): readonly Difference[] {
  if (before !== undefined && after !== undefined && canonicalJson(before) === canonicalJson(after)) return [];
  if (isJsonObject(before) && isJsonObject(after)) {
    const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])];
    return keys.flatMap((key) => differences(own(before, key), own(after, key), [...path, key]));
  }
  if (Array.isArray(before) && Array.isArray(after) && [...before, ...after].some(isJsonObject)) {
    const length = Math.max(before.length, after.length);
    return Array.from({ length }, (_, at) => differences(before[at], after[at], [...path, String(at)])).flat();
  }
  return before === undefined && after === undefined ? [] : [{ path, before, after }];
}

function own(object: JsonObject, key: string): JsonValue | undefined {
  return Object.hasOwn(object, key) ? object[key] : undefined;
}

/** The value without everything that may change safely. */
function withoutSafe(value: JsonValue, path: SpecPath, used: ReadonlySet<string>): JsonValue {
  if (Array.isArray(value)) return value.map((item, index) => withoutSafe(item, [...path, String(index)], used));
  if (!isJsonObject(value)) return value;
  const entries = Object.entries(value).filter(([key]) => !isSafe([...path, key], used));
  return Object.fromEntries(entries.map(([key, item]) => [key, withoutSafe(item, [...path, key], used)]));
}

function shownOrNone(value: JsonValue | undefined): string {
  return value === undefined ? "(none)" : shown(value);
}
