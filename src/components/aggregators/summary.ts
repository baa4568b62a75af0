import { isJsonObject, type JsonObject } from "../../model/json.ts";
import { type FinishedTrial, trialOutput } from "../../model/trial.ts";

/** A completed repeat and what it reported. */
export interface CompletedTrial {
  readonly index: number;
  readonly output: JsonObject;
}

/** The repeats that completed with metrics, in their own order. */
export function completedTrials(trials: readonly FinishedTrial[]): readonly CompletedTrial[] {
  return trials
    .flatMap((trial) => {
      const output = trialOutput(trial.outcome);
      return output ? [{ index: trial.index, output }] : [];
    })
    .sort((a, b) => a.index - b.index);
}

/**
 * A summary with what all aggregators add: how many trials completed and failed, and with several of them how far each
 * number spreads. Metrics that are themselves called `trials` or `spread` are in the trials' own outputs only.
 */
export function withCounts(summary: JsonObject, trials: readonly FinishedTrial[]): JsonObject {
  const completed = completedTrials(trials);
  const counts = { completed: completed.length, failed: trials.length - completed.length };
  const added = {
    ...(completed.length > 1 ? { spread: spreadOf(completed.map((trial) => trial.output)) } : {}),
    trials: counts,
  };
  const { spread: _spread, trials: _trials, ...own } = summary;
  return { ...own, ...added };
}

/** Numbers of an object by dotted path, nested objects included. */
function numbersIn(object: JsonObject, prefix = ""): readonly (readonly [string, number])[] {
  return Object.entries(object).flatMap(([key, value]): readonly (readonly [string, number])[] => {
    const path = `${prefix}${key}`;
    if (typeof value === "number") return [[path, value]];
    return isJsonObject(value) ? numbersIn(value, `${path}.`) : [];
  });
}

/** Arithmetic mean that does not overflow. */
export function meanOf(values: readonly number[]): number {
  const sum = values.reduce((total, value) => total + value, 0);
  if (Number.isFinite(sum)) return sum / values.length;
  return values.reduce((mean, value, i) => mean + (value / (i + 1) - mean / (i + 1)), 0);
}

function spreadOf(outputs: readonly JsonObject[]): JsonObject {
  const values = new Map<string, number[]>();
  for (const output of outputs) {
    for (const [path, value] of numbersIn(output)) {
      const list = values.get(path) ?? [];
      list.push(value);
      values.set(path, list);
    }
  }
  return Object.fromEntries([...values].map(([path, list]) => [path, spread(list)]));
}

/** Sample standard deviation (divided by n - 1), least and greatest. */
function spread(values: readonly number[]): JsonObject {
  const min = values.reduce((least, value) => Math.min(least, value));
  const max = values.reduce((greatest, value) => Math.max(greatest, value));
  if (values.length < 2 || min === max) return { sd: 0, min, max };
  const mean = meanOf(values);
  // Scaled by the range, so that the squares of large values do not overflow.
  const range = max - min;
  const scale = Number.isFinite(range) ? range : Number.MAX_VALUE;
  const squares = values.reduce((total, value) => total + ((value - mean) / scale) ** 2, 0);
  const sd = scale * Math.sqrt(squares / (values.length - 1));
  return { sd: Number.isFinite(sd) ? sd : Number.MAX_VALUE, min, max };
}
