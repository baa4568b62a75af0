import { SpecError } from "../kernel/errors.ts";
import { type HypothesisId, parseTrialId } from "../model/ids.ts";
import type { Workspace } from "../workspace/workspace.ts";

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
