import { defineComponent } from "../../kernel/define.ts";
import type { Aggregator } from "../../kernel/ports.ts";
import type { JsonObject } from "../../model/json.ts";
import type { FinishedTrial } from "../../model/trial.ts";
import { completedTrials, meanOf, mergeOutputs, withCounts } from "./summary.ts";

/** The mean of each number that all completed repeats reported, nested ones included. */
export class MeanTrialAggregator implements Aggregator {
  aggregate(trials: readonly FinishedTrial[]): JsonObject | null {
    const outputs = completedTrials(trials).map((trial) => trial.output);
    return outputs.length > 0 ? withCounts(mergeOutputs(outputs, meanOf), trials) : null;
  }
}

export const meanAggregator = defineComponent({
  kind: "aggregator",
  type: "mean",
  summary: "The mean of each number over the trials that completed.",
  options: { type: "object", properties: {}, additionalProperties: false },
  example: {},
  create: () => new MeanTrialAggregator(),
});
