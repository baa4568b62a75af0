import { exactly } from "../schema/exactly.ts";
import type { HypothesisId } from "./ids.ts";
import type { JsonObject } from "./json.ts";
import { type Failure, failureSchema, summarySchema, type TrialResult, trialResultSchema } from "./trial.ts";

/** What came of running one hypothesis: its trials and the one summary they were reduced to. */
export interface Experiment {
  readonly hypothesisId: HypothesisId;
  readonly status: "completed" | "failed";
  readonly trials: readonly TrialResult[];
  /** The spec's `checks`, in order, up to the first that failed. */
  readonly checks?: readonly TrialResult[];
  readonly summary: JsonObject | null;
  /** Why the experiment failed; always there when `status` is `failed`. */
  readonly failure?: Failure;
  /** Snapshot id of the tracked artifacts that were run; absent without artifacts, or when the edits did not apply. */
  readonly state?: string;
}

export const experimentSchema = {
  description: "The trials of one hypothesis and their summary: iterations/<n>/experiments/<id>.json",
  ...exactly(["checks", "failure", "state"], {
    hypothesisId: { type: "string" },
    status: { enum: ["completed", "failed"] },
    trials: { type: "array", items: trialResultSchema },
    checks: { type: "array", items: trialResultSchema },
    summary: summarySchema,
    failure: failureSchema,
    state: { type: "string" },
  }),
} as const;
