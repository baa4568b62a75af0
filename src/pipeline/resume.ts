import type { Evaluation } from "../model/evaluation.ts";
import type { Experiment } from "../model/experiment.ts";
import type { TrialId } from "../model/ids.ts";

/** Which records of a hypothesis are there. */
export interface Presence {
  readonly hypothesis: boolean;
  readonly experiment: Experiment | null;
  readonly evaluation: Evaluation | null;
  /** Trials the experiment names whose records are gone. */
  readonly missingTrials: readonly TrialId[];
}

/** What is to be done for a hypothesis: the first step whose record is missing, and all that was computed from it. */
export type NextStep =
  | { readonly step: "none" }
  | { readonly step: "propose"; readonly why: string }
  | { readonly step: "experiment"; readonly why: string }
  | { readonly step: "evaluate"; readonly why: string };

/** The first undone step of a hypothesis. Records are the truth: what is there is kept, what is missing is done again. */
export function nextStep(presence: Presence): NextStep {
  if (!presence.hypothesis) return { step: "propose", why: "its hypothesis record is missing" };
  if (!presence.experiment) return { step: "experiment", why: "it has no experiment record" };
  if (presence.missingTrials.length > 0) {
    return { step: "experiment", why: `the record of trial ${presence.missingTrials.join(", ")} is missing` };
  }
  if (!presence.evaluation) return { step: "evaluate", why: "it has no evaluation record" };
  return { step: "none" };
}
