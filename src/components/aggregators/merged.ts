import { defineBare } from "../../kernel/define.ts";
import { Optionless } from "../../kernel/given-options.ts";
import type { Aggregator } from "../../kernel/ports.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "../../model/json.ts";
import type { FinishedTrial } from "../../model/trial.ts";
import { completedTrials, meanOf, withCounts } from "./summary.ts";

abstract class MergedTrials extends Optionless implements Aggregator {
  protected abstract readonly reduce: (values: readonly number[]) => number;

  aggregate(trials: readonly FinishedTrial[]): JsonObject | null {
    const outputs = completedTrials(trials).map((trial) => trial.output);
    return outputs.length > 0 ? withCounts(mergeOutputs(outputs, this.reduce), trials) : null;
  }
}

/** The mean of each number that all completed repeats reported, nested ones included. */
export class MeanTrialAggregator extends MergedTrials {
  protected override readonly reduce = meanOf;
}

export const meanAggregator = defineBare(
  "aggregator",
  "mean",
  "The mean of each number over the trials that completed.",
  () => new MeanTrialAggregator(),
);

/** The median of each number that all completed repeats reported, nested ones included. */
export class MedianTrialAggregator extends MergedTrials {
  protected override readonly reduce = medianOf;
}

export const medianAggregator = defineBare(
  "aggregator",
  "median",
  "The median of each number over the trials that completed.",
  () => new MedianTrialAggregator(),
);

/** Middle value; of an even number, the mean of the two in the middle. */
export function medianOf(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const pair = sorted.length % 2 === 0 ? sorted.slice(middle - 1, middle + 1) : sorted.slice(middle, middle + 1);
  return meanOf(pair);
}

/**
 * One object from several of the same shape: numbers are reduced; anything else stays where all have the same. A key
 * that some have and others not is left out, since a number over some trials only would pass for one over all. Where
 * some have a number and one has something else, such as NaN, that is what the summary shows.
 */
function mergeOutputs(outputs: readonly JsonObject[], reduce: (values: readonly number[]) => number): JsonObject {
  const keys = Object.keys(outputs[0] ?? {}).filter((key) => outputs.every((output) => Object.hasOwn(output, key)));
  const entries = keys.flatMap((key): [string, JsonValue][] => {
    const merged = mergeValues(
      outputs.map((output) => output[key] ?? null),
      reduce,
    );
    return merged === undefined ? [] : [[key, merged]];
  });
  return Object.fromEntries(entries);
}

function mergeValues(
  values: readonly JsonValue[],
  reduce: (values: readonly number[]) => number,
): JsonValue | undefined {
  const numbers = values.filter((value) => typeof value === "number");
  if (numbers.length === values.length) return numbers.length === 1 ? numbers[0] : reduce(numbers);
  const objects = values.filter(isJsonObject);
  if (objects.length === values.length) return mergeOutputs(objects, reduce);
  if (numbers.length > 0) return values.find((value) => typeof value !== "number");
  const first = JSON.stringify(values[0]);
  return values.every((value) => JSON.stringify(value) === first) ? values[0] : undefined;
}
