import { SpecError } from "../kernel/errors.ts";
import { type HypothesisId, parseTrialId } from "../model/ids.ts";
import type { Workspace } from "../workspace/workspace.ts";
import { generationOf } from "./close-iteration.ts";

/**
 * The failed hypotheses that are to run again: those of the current score generation, or the ones that are named. Throws
 * `SpecError` for a name that is none of these.
 */
export function chooseFailed(
  workspace: Workspace,
  which: true | readonly HypothesisId[],
  generation: number,
): readonly HypothesisId[] {
  const failed: HypothesisId[] = [];
  const over: HypothesisId[] = [];
  for (const iteration of workspace.listIterations()) {
    const list = generationOf(workspace, iteration, generation) === generation ? failed : over;
    for (const id of workspace.listHypotheses(iteration)) if (hasFailed(workspace, id)) list.push(id);
  }
  if (which === true) return failed;
  const stranger = which.find((id) => !failed.includes(id));
  if (stranger === undefined) return which;
  const words = over.includes(stranger)
    ? `${stranger} belongs to an earlier score generation: run again now, its score could not be compared with that generation's`
    : `${stranger} is not a failed hypothesis of this run`;
  throw new SpecError(`${words}; failed: ${failed.join(", ") || "none"}`);
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
