import { defineComponent } from "../../kernel/define.ts";
import type { Aggregator } from "../../kernel/ports.ts";
import type { JsonObject } from "../../model/json.ts";
import type { FinishedTrial } from "../../model/trial.ts";
import { completedTrials, withCounts } from "./summary.ts";

/** The metrics of the last repeat that completed. */
export class LastTrialAggregator implements Aggregator {
  aggregate(trials: readonly FinishedTrial[]): JsonObject | null {
    const last = completedTrials(trials).at(-1);
    return last ? withCounts(last.output, trials) : null;
  }
}

export const lastAggregator = defineComponent({
  kind: "aggregator",
  type: "last",
  summary: "The metrics of the last trial that completed.",
  options: { type: "object", properties: {}, additionalProperties: false },
  example: {},
  create: () => new LastTrialAggregator(),
});
