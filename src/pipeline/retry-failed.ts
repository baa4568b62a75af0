import { SpecError } from "../kernel/errors.ts";
import { type HypothesisId, parseTrialId } from "../model/ids.ts";
import type { Workspace } from "../workspace/workspace.ts";

/**
 * Clears the results of failed hypotheses, so that going through the records runs them again. Trials that completed
 * keep their records; attempts keep their folders. Answers the ids. Throws `SpecError` for an id that did not fail.
 */
export function clearFailed(workspace: Workspace, which: true | readonly HypothesisId[]): readonly HypothesisId[] {
  const failed = workspace
    .listIterations()
    .flatMap((iteration) => workspace.listHypotheses(iteration))
    .filter((id) => workspace.readExperiment(id)?.status === "failed" || workspace.readEvaluation(id)?.score === null);
  if (which !== true) {
    const stranger = which.find((id) => !failed.includes(id));
    if (stranger !== undefined) {
      throw new SpecError(`${stranger} is not a failed hypothesis of this run; failed: ${failed.join(", ") || "none"}`);
    }
  }
  const chosen = which === true ? failed : which;
  for (const id of chosen) clear(workspace, id);
  return chosen;
}

function clear(workspace: Workspace, id: HypothesisId): void {
  workspace.removeEvaluation(id);
  const experiment = workspace.readExperiment(id);
  for (const trial of [...(experiment?.trials ?? []), ...(experiment?.checks ?? [])]) {
    if (trial.outcome.status !== "completed" && parseTrialId(trial.id)) workspace.removeTrial(trial.id);
  }
  workspace.removeExperiment(id);
}
