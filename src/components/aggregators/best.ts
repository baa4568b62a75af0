import { defineComponent } from "../../kernel/define.ts";
import type { Aggregator } from "../../kernel/ports.ts";
import type { JsonObject } from "../../model/json.ts";
import type { FinishedTrial } from "../../model/trial.ts";
import { type RankOptions, ranked, rankOptionsSchema, whyUnranked } from "./ranked.ts";
import { completedTrials, withCounts } from "./summary.ts";

/** The metrics of the repeat that did best by one of its numbers: `new BestTrialAggregator({ metric: "accuracy" })`. */
export class BestTrialAggregator implements Aggregator {
  readonly #options: RankOptions;

  constructor(options: RankOptions) {
    this.#options = options;
  }

  aggregate(trials: readonly FinishedTrial[]): JsonObject | null {
    const best = ranked(completedTrials(trials), this.#options, "best");
    return best ? withCounts(best.output, trials) : null;
  }

  whyNone(trials: readonly FinishedTrial[]): string {
    return whyUnranked(completedTrials(trials), this.#options);
  }
}

export const bestAggregator = defineComponent({
  kind: "aggregator",
  type: "best",
  summary: "The metrics of the trial with the best value of a metric.",
  options: rankOptionsSchema,
  example: { metric: "accuracy", direction: "maximize" },
  create: (options, deps) =>
    new BestTrialAggregator({
      metric: options.metric ?? deps.metric.name,
      direction: options.direction ?? deps.metric.direction,
    }),
});
