import { lookup } from "../../model/json.ts";
import type { Direction } from "../../model/settings.ts";
import type { ObjectSchema } from "../../schema/dialect.ts";
import { nearest } from "../../text/nearest.ts";
import type { CompletedTrial } from "./summary.ts";

/** Which number ranks the trials, and which way is better. */
export interface RankOptions {
  readonly metric: string;
  /** Default `maximize`. */
  readonly direction?: Direction;
}

export const rankOptionsSchema = {
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

/** The best or the worst of these by one of their numbers; ties go to the earlier one. `null` when none has such a number. */
export function ranked(
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
export function whyUnranked(trials: readonly CompletedTrial[], { metric }: RankOptions): string {
  const known = [...new Set(trials.flatMap(({ output }) => Object.keys(output)))];
  const near = nearest(metric, known);
  const listed = known.slice(0, 10).map((key) => JSON.stringify(key.slice(0, 60)));
  return (
    `no trial reported ${metric} as a number, and the aggregator chooses by it` +
    `${near === null || near === metric ? "" : `; did you mean ${near.slice(0, 60)}?`} (reported: ${listed.join(", ") || "nothing"})`
  );
}
