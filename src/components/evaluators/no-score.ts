import type { Evaluation } from "../../model/evaluation.ts";
import type { Experiment } from "../../model/experiment.ts";
import type { JsonObject } from "../../model/json.ts";

/** The evaluation of something that has no score: `null`, never 0, and why. */
export function noScore(experiment: Experiment, reason: string, details: JsonObject = {}): Evaluation {
  return { hypothesisId: experiment.hypothesisId, score: null, passed: false, reason, details };
}

/** Why an experiment that failed has no score. */
export function failureReason(experiment: Experiment): string {
  return experiment.failure?.message ?? "the experiment failed";
}
