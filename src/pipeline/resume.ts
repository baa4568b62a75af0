import { SpecError } from "../kernel/errors.ts";
import type { Evaluation } from "../model/evaluation.ts";
import type { Experiment } from "../model/experiment.ts";
import { type HypothesisId, parseTrialId, type TrialId } from "../model/ids.ts";
import { trialFile } from "../workspace/layout.ts";
import type { Workspace } from "../workspace/workspace.ts";

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

/** Which records of a hypothesis are there, so far as they can be told without its hypothesis record. */
export function presenceOf(id: string, workspace: Workspace): Omit<Presence, "hypothesis"> {
  const { root, effects } = workspace;
  const { files } = effects;
  const experiment = workspace.readExperiment(id);
  const trials = experiment ? [...experiment.trials, ...(experiment.checks ?? [])] : [];
  return {
    experiment,
    evaluation: workspace.readEvaluation(id),
    missingTrials: trials.map((trial) => trial.id).filter((trial) => files.stat(trialFile(root, trial)) === null),
  };
}

/** The failed hypotheses that are to run again: all, or the ones that are named. Throws `SpecError` for a name that is none of them. */
export function chooseFailed(workspace: Workspace, which: true | readonly HypothesisId[]): readonly HypothesisId[] {
  const failed = workspace
    .listIterations()
    .flatMap((iteration) => workspace.listHypotheses(iteration).filter((id) => hasFailed(workspace, id)));
  if (which === true) return failed;
  const stranger = which.find((id) => !failed.includes(id));
  if (stranger === undefined) return which;
  throw new SpecError(`${stranger} is not a failed hypothesis of this run; failed: ${failed.join(", ") || "none"}`);
}

function hasFailed(workspace: Workspace, id: HypothesisId): boolean {
  return workspace.readExperiment(id)?.status === "failed" || workspace.readEvaluation(id)?.score === null;
}

/**
 * Clears the results of a failed hypothesis, so that going through the records runs it again. Trials that completed keep
 * their records; attempts keep their folders.
 */
export function clearFailed(workspace: Workspace, id: HypothesisId): void {
  workspace.removeEvaluation(id);
  const experiment = workspace.readExperiment(id);
  for (const trial of [...(experiment?.trials ?? []), ...(experiment?.checks ?? [])]) {
    if (trial.outcome.status !== "completed" && parseTrialId(trial.id)) workspace.removeTrial(trial.id);
  }
  workspace.removeExperiment(id);
}
