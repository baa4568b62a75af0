import { type HypothesisId, parseHypothesisId } from "./ids.ts";
import { isJsonObject } from "./json.ts";
import { changedAfter, type RecordedChanges, type RunManifest } from "./run.ts";
import type { Direction, MetricSettings } from "./settings.ts";

/** The part of the metric's settings that says which of two scores is better. */
export type Comparison = Pick<MetricSettings, "direction" | "minDelta">;

/** A hypothesis and its score, as comparisons need them. */
export interface Scored {
  readonly id: HypothesisId;
  readonly score: number | null;
}

/** An entry whose score is a number. */
export type WithScore<T extends Scored> = T & { readonly score: number };

const NO_MINIMUM: MetricSettings["minDelta"] = { kind: "absolute", value: 0 };

/** Where none is said: more than what a rounding makes of a score. */
export const LEAST_DELTA: MetricSettings["minDelta"] = { kind: "relative", value: 1e-9 };

/** The same comparison without a `minDelta`: whatever is better at all counts. */
export function withoutMinimum({ direction }: Comparison): Comparison {
  return { direction, minDelta: NO_MINIMUM };
}

/**
 * Whether `candidate` beats `incumbent`: strictly better in the metric's direction, and by more than `minDelta` (a
 * relative one is a share of the incumbent's magnitude). Any score beats none, no score beats nothing.
 */
export function isBetter(candidate: number | null, incumbent: number | null, metric: Comparison): boolean {
  if (candidate === null || Number.isNaN(candidate)) return false;
  if (incumbent === null || Number.isNaN(incumbent)) return true;
  const gain = metric.direction === "maximize" ? candidate - incumbent : incumbent - candidate;
  return gain > margin(incumbent, metric.minDelta);
}

/** Whether an entry has a score at all. */
export function hasScore<T extends Scored>(entry: T): entry is WithScore<T> {
  return entry.score !== null && Number.isFinite(entry.score);
}

/**
 * `metric.min_delta` as users write it: a number in the metric's units, or a share of the best such as `3%`. Absent:
 * `LEAST_DELTA`. Throws `RangeError` on anything else.
 */
export function parseMinDelta(value: unknown): MetricSettings["minDelta"] {
  if (value === undefined || value === null) return LEAST_DELTA;
  if (typeof value === "number" && Number.isFinite(value) && value >= 0) return { kind: "absolute", value };
  const share = typeof value === "string" ? /^\s*([0-9]+(?:\.[0-9]+)?(?:e[+-]?[0-9]+)?)\s*(%?)\s*$/i.exec(value) : null;
  if (share?.[1] === undefined) throw new RangeError(`not a min_delta: ${String(value)} (like 0.001 or 3%)`);
  return share[2] ? { kind: "relative", value: Number(share[1]) / 100 } : { kind: "absolute", value: Number(share[1]) };
}

/**
 * How scores of an iteration compare under a recorded spec (its `metric.direction` and `metric.min_delta`, which may have
 * been changed since). What is absent or unreadable gives the default: maximize, `LEAST_DELTA`.
 */
export function comparisonsOf({
  spec,
  changes = [],
}: Pick<RunManifest, "spec" | "changes">): (id: HypothesisId) => Comparison {
  const metric = isJsonObject(spec.metric) ? spec.metric : {};
  const direction: Direction = metric.direction === "minimize" ? "minimize" : "maximize";
  const now: Comparison = { direction, minDelta: tolerantMinDelta(metric.min_delta) };
  return comparisonsBefore(now, changes);
}

/** How scores compare that are compared like this now: those of iterations before a change of `min_delta` by what it was. */
export function comparisonsBefore(
  now: Comparison,
  changes: readonly RecordedChanges[],
): (id: HypothesisId) => Comparison {
  if (changes.length === 0) return () => now;
  return (id) => {
    const field = changedAfter(changes, "metric.min_delta", parseHypothesisId(id)?.iteration ?? 0);
    return field === undefined ? now : { ...now, minDelta: tolerantMinDelta(field.before) };
  };
}

function tolerantMinDelta(value: unknown): MetricSettings["minDelta"] {
  try {
    return parseMinDelta(value);
  } catch (error) {
    if (error instanceof RangeError) return LEAST_DELTA;
    throw error;
  }
}

function margin(incumbent: number, minDelta: MetricSettings["minDelta"]): number {
  return minDelta.kind === "relative" ? Math.abs(incumbent) * minDelta.value : minDelta.value;
}
