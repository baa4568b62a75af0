import { canonicalJson, isJsonObject, type JsonObject, type JsonValue, jsonDifferences } from "../model/json.ts";
import type { SourceRecord } from "../model/run.ts";
import type { JudgedChange } from "../pipeline/options.ts";
import { sha256Of } from "../platform/files/hash.ts";
import type { SpecPath } from "./places.ts";

/**
 * How a run's spec and what it takes from elsewhere differ from what was recorded, field by field, and whether scores
 * depend on it. None does exactly when `specHash` and the hashes of these sources are the same for both.
 */
export function specChanges(
  before: { readonly spec: JsonObject; readonly sources?: readonly SourceRecord[] },
  raw: JsonObject,
  sources: readonly SourceRecord[],
): readonly JudgedChange[] {
  const used = new Set([...usedNames(before.spec), ...usedNames(raw)]);
  const fields = jsonDifferences(before.spec, raw).map(({ path, ...values }) => {
    const part = (value: JsonValue | undefined): string => scoringText(value, path, used);
    return { path: path.join("."), ...values, scores: part(values.before) !== part(values.after) };
  });
  const elsewhere = sources.flatMap(({ path, name, hash }) => {
    const known = before.sources?.find((source) => source.path === path && source.name === name);
    if (!known || known.hash === hash) return [];
    const of = (value: string): string => `${name} (${value.slice(0, 12)})`;
    return [{ path, before: of(known.hash), after: of(hash), scores: isScoring(path.split("."), used) }];
  });
  return [...fields, ...elsewhere];
}

/** SHA-256 of the part of a raw spec that scores depend on, hex. */
export function specHash(raw: JsonObject): string {
  return sha256Of(scoringText(raw, [], usedNames(raw)));
}

/** Parts of a spec that say how hypotheses are run and scored. */
const SCORING: ReadonlySet<string> = new Set([
  "experimenter",
  "evaluator",
  "checks",
  "inputs",
  "artifacts",
  "files",
  "root",
  "seed",
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
/** Stages whose runners have a part in scores. */
const SCORING_STAGES: ReadonlySet<string> = new Set(["experimenter", "evaluator"]);

/** Maps whose keys are names a user chose; `timeout` or `x-…` is a name like any other there. */
const NAMED: ReadonlySet<string> = new Set(["space", "env", "vars", "patterns", "constraints", "cases"]);

/** Whether scores depend on what stands at this path. */
function isScoring(path: SpecPath, used: ReadonlySet<string>): boolean {
  const [top, second, third] = path;
  if (top === undefined || path.some((key, at) => key.startsWith("x-") && !isUserNamed(path, at))) return false;
  if (top === "metric") return second === "name" || second === "direction";
  if (top === "runners") {
    if (second === undefined || !used.has(second)) return false;
    return third === undefined || !SAFE_RUNNER.has(third);
  }
  if (!SCORING.has(top)) return false;
  return !path.some((key, at) => {
    if (at === 0 || isUserNamed(path, at)) return false;
    return SAFE_LIMITS.has(key) || (path[at - 1] === "runner" && SAFE_RUNNER.has(key));
  });
}

function isUserNamed(path: SpecPath, at: number): boolean {
  return path[at - 1] === "runners" || path.slice(0, at).some((key) => NAMED.has(key));
}

/** Every text in the stages that score: a runner whose name is not among them has no effect on scores. */
function usedNames(raw: JsonObject): ReadonlySet<string> {
  const names = new Set<string>();
  const collect = (value: JsonValue): void => {
    if (typeof value === "string") names.add(value);
    else if (Array.isArray(value)) for (const item of value) collect(item);
    else if (isJsonObject(value)) for (const item of Object.values(value)) collect(item);
  };
  for (const [key, value] of Object.entries(raw)) if (SCORING_STAGES.has(key)) collect(value);
  return names;
}

function scoringText(value: JsonValue | undefined, path: SpecPath, used: ReadonlySet<string>): string {
  const part = value === undefined ? undefined : scoring(value, path, used);
  return part === undefined ? "" : canonicalJson(part);
}

/** The part of the value that scores depend on; what holds nothing of it is left out. */
function scoring(value: JsonValue, path: SpecPath, used: ReadonlySet<string>): JsonValue | undefined {
  if (isJsonObject(value)) {
    const entries = Object.entries(value).flatMap(([key, item]) => {
      const kept = scoring(item, [...path, key], used);
      return kept === undefined ? [] : [[key, kept] as const];
    });
    return entries.length > 0 || isScoring(path, used) ? Object.fromEntries(entries) : undefined;
  }
  if (!isScoring(path, used)) return undefined;
  if (!Array.isArray(value)) return value;
  return value.map((item, index) => scoring(item, [...path, String(index)], used) ?? null);
}
