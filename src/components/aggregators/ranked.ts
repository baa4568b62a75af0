import { defineComponent } from "../../kernel/define.ts";
import { assertOptions, type InCode, inSchema, required } from "../../kernel/given-options.ts";
import type { Aggregator } from "../../kernel/ports.ts";
import { type JsonObject, lookup } from "../../model/json.ts";
import type { FinishedTrial } from "../../model/trial.ts";
import type { ObjectSchema } from "../../schema/dialect.ts";
import { nearest } from "../../text/nearest.ts";
import { shown } from "../../text/printable.ts";
import { type CompletedTrial, completedTrials, withCounts } from "./summary.ts";

const rankOptionsSchema = {
  type: "object",
  properties: {
    metric: {
      type: "string",
      minLength: 1,
      "x-secret": false,
      description:
        "Key or dotted path; default: the run's metric. An experiment in which no trial reported it has failed.",
    },
    direction: { enum: ["maximize", "minimize"], "x-secret": false, description: "Default: the run's." },
  },
  additionalProperties: false,
} as const satisfies ObjectSchema;

/** Which number ranks the trials, and which way is better; default `maximize`. */
export type RankOptions = InCode<typeof rankOptionsSchema.properties, "metric">;

class RankedTrials implements Aggregator {
  readonly #options: RankOptions;
  readonly #which: "best" | "worst";

  constructor(options: RankOptions, which: "best" | "worst") {
    const { metric, direction } = inSchema(rankOptionsSchema.properties);
    assertOptions(new.target.name, options, { metric: required(metric), direction });
    this.#options = options;
    this.#which = which;
  }

  aggregate(trials: readonly FinishedTrial[]): JsonObject | null {
    const chosen = ranked(completedTrials(trials), this.#options, this.#which);
    return chosen ? withCounts(chosen.output, trials) : null;
  }

  whyNone(trials: readonly FinishedTrial[]): string {
    return whyUnranked(completedTrials(trials), this.#options);
  }
}

/** The metrics of the repeat that did best by one of its numbers: `new BestTrialAggregator({ metric: "accuracy" })`. */
export class BestTrialAggregator extends RankedTrials {
  constructor(options: RankOptions) {
    super(options, "best");
  }
}

/** The metrics of the repeat that did worst by one of its numbers: `new WorstTrialAggregator({ metric: "accuracy" })`. */
export class WorstTrialAggregator extends RankedTrials {
  constructor(options: RankOptions) {
    super(options, "worst");
  }
}

export const bestAggregator = rankedAggregator("best", (options) => new BestTrialAggregator(options));
export const worstAggregator = rankedAggregator("worst", (options) => new WorstTrialAggregator(options));

function rankedAggregator(type: "best" | "worst", create: (options: RankOptions) => Aggregator) {
  return defineComponent({
    kind: "aggregator",
    type,
    summary: `The metrics of the trial with the ${type} value of a metric.`,
    options: rankOptionsSchema,
    example: { metric: "accuracy", direction: "maximize" },
    create: ({ metric, direction }, deps) =>
      create({ metric: metric ?? deps.metric.name, direction: direction ?? deps.metric.direction }),
  });
}

/** The best or the worst of these by one of their numbers; ties go to the earlier one. `null` when none has such a number. */
function ranked(
  trials: readonly CompletedTrial[],
  options: RankOptions,
  which: "best" | "worst",
): CompletedTrial | null {
  const sign = (options.direction === "minimize" ? -1 : 1) * (which === "best" ? 1 : -1);
  let chosen: CompletedTrial | null = null;
  let chosenValue = Number.NEGATIVE_INFINITY;
  for (const trial of trials) {
    const value = lookup(trial.output, options.metric);
    if (typeof value !== "number" || !(chosen === null || sign * value > chosenValue)) continue;
    chosen = trial;
    chosenValue = sign * value;
  }
  return chosen;
}

/** Why none of these can be chosen, for people. */
function whyUnranked(trials: readonly CompletedTrial[], { metric }: RankOptions): string {
  const known = [...new Set(trials.flatMap(({ output }) => Object.keys(output)))];
  const near = nearest(metric, known);
  const listed = known.slice(0, 10).map((key) => shown(key));
  return (
    `no trial reported ${metric} as a number, and the aggregator chooses by it` +
    `${near === null || near === metric ? "" : `; did you mean ${near.slice(0, 60)}?`} (reported: ${listed.join(", ") || "nothing"})`
  );
}
