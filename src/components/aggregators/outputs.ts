import { defineBare } from "../../kernel/define.ts";
import { Optionless } from "../../kernel/given-options.ts";
import type { Aggregator } from "../../kernel/ports.ts";
import type { JsonObject, JsonValue } from "../../model/json.ts";
import type { FinishedTrial } from "../../model/trial.ts";
import { completedTrials, withCounts } from "./summary.ts";

/** The metrics of the last repeat that completed. */
export class LastTrialAggregator extends Optionless implements Aggregator {
  aggregate(trials: readonly FinishedTrial[]): JsonObject | null {
    const last = completedTrials(trials).at(-1);
    return last ? withCounts(last.output, trials) : null;
  }
}

export const lastAggregator = defineBare(
  "aggregator",
  "last",
  "The metrics of the last trial that completed.",
  () => new LastTrialAggregator(),
);

/** Every value of every key, as lists with one place for each completed repeat; `null` where one did not report it. */
export class AllTrialsAggregator extends Optionless implements Aggregator {
  aggregate(trials: readonly FinishedTrial[]): JsonObject | null {
    const outputs = completedTrials(trials).map((trial) => trial.output);
    if (outputs.length === 0) return null;
    const keys = [...new Set(outputs.flatMap((output) => Object.keys(output)))];
    const lists = keys.map((key): [string, readonly JsonValue[]] => [
      key,
      outputs.map((output) => (Object.hasOwn(output, key) ? (output[key] ?? null) : null)),
    ]);
    return withCounts(Object.fromEntries(lists), trials);
  }

  whyNever(metric: string): string | null {
    if (/^(?:spread|trials)\./.test(metric)) return null;
    return `\`all\` keeps ${metric} as a list of all trials' values, which is no score: write \`mean\`, \`median\`, \`best\`, \`worst\` or \`last\`, or score the lists by an evaluator \`command\``;
  }
}

export const allAggregator = defineBare(
  "aggregator",
  "all",
  "Lists of all values of each key, one for each trial that completed.",
  () => new AllTrialsAggregator(),
);
