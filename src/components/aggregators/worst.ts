import { defineComponent } from "../../kernel/define.ts";
import type { Aggregator } from "../../kernel/ports.ts";
import type { JsonObject } from "../../model/json.ts";
import type { FinishedTrial } from "../../model/trial.ts";
import { type RankOptions, ranked, rankOptionsSchema, whyUnranked } from "./ranked.ts";
import { completedTrials, withCounts } from "./summary.ts";

/** The metrics of the repeat that did worst by one of its numbers: `new WorstTrialAggregator({ metric: "accuracy" })`. */
export class WorstTrialAggregator implements Aggregator {
  readonly #options: RankOptions;

  constructor(options: RankOptions) {
    this.#options = options;
  }

  aggregate(trials: readonly FinishedTrial[]): JsonObject | null {
    const worst = ranked(completedTrials(trials), this.#options, "worst");
    return worst ? withCounts(worst.output, trials) : null;
  }

  whyNone(trials: readonly FinishedTrial[]): string {
    return whyUnranked(completedTrials(trials), this.#options);
  }
}

export const worstAggregator = defineComponent({
  kind: "aggregator",
  type: "worst",
  summary: "The metrics of the trial with the worst value of a metric.",
  options: rankOptionsSchema,
  example: { metric: "accuracy", direction: "maximize" },
  create: (options, deps) =>
    new WorstTrialAggregator({
      metric: options.metric ?? deps.metric.name,
      direction: options.direction ?? deps.metric.direction,
    }),
});
