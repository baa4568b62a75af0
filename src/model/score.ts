import { compareIds, type HypothesisId } from "./ids.ts";
import { isJsonObject, type JsonObject } from "./json.ts";
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

/**
 * The best of these, in the order of their ids whatever order they come in: an entry takes over only by more than
 * `minDelta`, so ties stay with the earlier id, and with the `incumbent`, which was there before. `null` when none has a
 * score.
 */
export function bestOf<T extends Scored>(
  entries: Iterable<T>,
  metric: Comparison,
  incumbent: WithScore<T> | null = null,
): WithScore<T> | null {
  let best = incumbent;
  for (const entry of inOrder([...entries])) {
    if (hasScore(entry) && isBetter(entry.score, best?.score ?? null, metric)) best = entry;
  }
  return best;
}

/** Entries in the order of their ids. Most come in it, and to see that takes far less than to sort them. */
function inOrder<T extends Scored>(entries: T[]): readonly T[] {
  const isSorted = entries.every(({ id }, place) => compareIds(entries[place - 1]?.id ?? id, id) <= 0);
  return isSorted ? entries : entries.sort((a, b) => compareIds(a.id, b.id));
}

/** Whether an entry has a score at all. */
export function hasScore<T extends Scored>(entry: T): entry is WithScore<T> {
  return entry.score !== null && Number.isFinite(entry.score);
}

/**
 * `metric.min_delta` as users write it: a number in the metric's units, or a share of the best such as `3%`. Absent:
 * any improvement counts. Throws `RangeError` on anything else.
 */
export function parseMinDelta(value: unknown): MetricSettings["minDelta"] {
  if (value === undefined || value === null) return NO_MINIMUM;
  if (typeof value === "number" && Number.isFinite(value) && value >= 0) return { kind: "absolute", value };
  const share = typeof value === "string" ? /^\s*([0-9]+(?:\.[0-9]+)?)\s*(%?)\s*$/.exec(value) : null;
  if (share?.[1] === undefined) throw new RangeError(`not a min_delta: ${String(value)} (like 0.001 or 3%)`);
  return share[2] ? { kind: "relative", value: Number(share[1]) / 100 } : { kind: "absolute", value: Number(share[1]) };
}

/**
 * How scores compare under a recorded spec (its `metric.direction` and `metric.min_delta`). What is absent or
 * unreadable gives the default: maximize, any improvement counts.
 */
export function comparisonOf(spec: JsonObject): Comparison {
  const metric = isJsonObject(spec.metric) ? spec.metric : {};
  const direction: Direction = metric.direction === "minimize" ? "minimize" : "maximize";
  return { direction, minDelta: tolerantMinDelta(metric.min_delta) };
}

function tolerantMinDelta(value: unknown): MetricSettings["minDelta"] {
  try {
    return parseMinDelta(value);
  } catch (error) {
    if (error instanceof RangeError) return NO_MINIMUM;
    throw error;
  }
}

function margin(incumbent: number, minDelta: MetricSettings["minDelta"]): number {
  return minDelta.kind === "relative" ? Math.abs(incumbent) * minDelta.value : minDelta.value;
}
