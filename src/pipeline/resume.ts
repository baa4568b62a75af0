import { SpecError } from "../kernel/errors.ts";
import type { Evaluation } from "../model/evaluation.ts";
import type { Experiment } from "../model/experiment.ts";
import { type HypothesisId, iterationName, parseHypothesisId, parseTrialId, type TrialId } from "../model/ids.ts";
import type { Insight } from "../model/insight.ts";
import type { IterationRecord } from "../model/iteration.ts";
import type { Trial } from "../model/trial.ts";
import { trialFile } from "../workspace/layout.ts";
import { listAttempts } from "../workspace/listing.ts";
import type { Workspace } from "../workspace/workspace.ts";
import { leftElsewhere, survivorOf } from "./leftovers.ts";

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

/** What an iteration taught; `null` when it has yet to be reviewed. One that taught nothing has no file, and says so when it is finished. */
export function insightsOf(record: IterationRecord, workspace: Workspace): readonly Insight[] | null {
  return workspace.readInsights(record.iteration) ?? (record.state === "finished" && record.insights === 0 ? [] : null);
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
 * their records; attempts keep their folders. Replies that were of no use to its trials, or to a judge that came to no
 * score, are asked for anew.
 */
export function clearFailed(workspace: Workspace, id: HypothesisId): void {
  const experiment = workspace.readExperiment(id);
  const isUnjudged = experiment?.status === "completed" && workspace.readEvaluation(id)?.score === null;
  const iteration = parseHypothesisId(id)?.iteration ?? 0;
  for (const name of workspace.listCalls(iteration)) {
    const call = workspace.readCall(iteration, name);
    if (call?.state !== "finished" || call.hypothesisId !== id) continue;
    if (call.role === "evaluator" ? isUnjudged : call.unusable !== undefined) workspace.removeCall(iteration, name);
  }
  workspace.removeEvaluation(id);
  for (const trial of [...(experiment?.trials ?? []), ...(experiment?.checks ?? [])]) {
    if (trial.outcome.status !== "completed" && parseTrialId(trial.id)) workspace.removeTrial(trial.id);
  }
  workspace.removeExperiment(id);
}

/**
 * What a resume would do about one step. `reuse`: its record is there. `adopt`: its result is there, or a
 * process that will bring it, but what follows from it was not recorded yet. `rerun`: it has to be done (again).
 */
export interface ExplainedStep {
  readonly step: string;
  readonly action: "reuse" | "adopt" | "rerun";
  readonly why: string;
}

/** What a resume would do, step by step, in the order it would do it; `again` are failed hypotheses that would run again. Reads records only. */
export function explainResume(workspace: Workspace, again: readonly HypothesisId[] = []): readonly ExplainedStep[] {
  return workspace.expectedIterations().flatMap((iteration) => {
    const record = workspace.readIteration(iteration);
    if (record) return explainIteration(workspace, record, new Set(again));
    const why = "its record is missing; recorded replies and what its hypotheses already have are used";
    return [{ step: `iteration ${iteration}: propose`, action: "rerun" as const, why }];
  });
}

function explainIteration(
  workspace: Workspace,
  record: IterationRecord,
  again: ReadonlySet<HypothesisId>,
): readonly ExplainedStep[] {
  const name = `iteration ${record.iteration}`;
  const calls = explainCalls(workspace, record);
  if (record.state === "started") {
    const rollback = workspace.rollbacks().findLast(({ afterIteration }) => afterIteration === record.iteration - 1);
    if (rollback && rollback.snapshot !== record.base?.snapshot) {
      const why = `it begins anew from ${rollback.hypothesisId}, which was rolled back to`;
      return [{ step: `${name}: propose`, action: "rerun", why }];
    }
    const asked = calls.some(({ action }) => action === "adopt");
    const why = asked ? "the model has answered, the proposals were not recorded yet" : "nothing was proposed yet";
    return [...calls, { step: `${name}: propose`, action: asked ? "adopt" : "rerun", why }];
  }
  const hypotheses = record.hypotheses.flatMap((id) =>
    again.has(id) ? explainAgain(workspace, id) : explainHypothesis(workspace, id),
  );
  const reviewed = insightsOf(record, workspace) !== null;
  return [
    ...calls,
    { step: `${name}: propose`, action: "reuse", why: "its hypotheses are recorded" },
    ...hypotheses,
    reviewed
      ? { step: `${name}: review`, action: "reuse", why: "its insights are recorded" }
      : { step: `${name}: review`, action: "rerun", why: "it has no insights record" },
  ];
}

/** A failed hypothesis that runs again: trials that completed are not run again. */
function explainAgain(workspace: Workspace, id: HypothesisId): readonly ExplainedStep[] {
  const experiment = workspace.readExperiment(id);
  const trials = [...(experiment?.trials ?? []), ...(experiment?.checks ?? [])].map((trial): ExplainedStep => {
    const { status } = trial.outcome;
    return status === "completed"
      ? { step: trial.id, action: "reuse", why: "it has completed" }
      : { step: trial.id, action: "rerun", why: `it failed (${status}) and is to be run again` };
  });
  const why = "it failed and is to be run again";
  return [
    ...trials,
    { step: `${id}: experiment`, action: "rerun", why },
    { step: `${id}: evaluate`, action: "rerun", why: "its experiment is done again" },
  ];
}

function explainHypothesis(workspace: Workspace, id: HypothesisId): readonly ExplainedStep[] {
  const presence = { ...presenceOf(id, workspace), hypothesis: workspace.readHypothesis(id) !== null };
  const next = nextStep(presence);
  if (next.step === "none") return [{ step: id, action: "reuse", why: "its experiment and evaluation are recorded" }];
  if (next.step === "propose") return [{ step: id, action: "rerun", why: next.why }];
  const evaluation: ExplainedStep = {
    step: `${id}: evaluate`,
    action: "rerun",
    why: next.step === "evaluate" ? next.why : "its experiment is done again",
  };
  if (next.step === "evaluate")
    return [{ step: `${id}: experiment`, action: "reuse", why: "it is recorded" }, evaluation];
  return [...explainTrials(workspace, id), { step: `${id}: experiment`, action: "rerun", why: next.why }, evaluation];
}

/** A trial is known by its record, or, when its attempt was cut short before that was written, by its folder. */
function explainTrials(workspace: Workspace, id: HypothesisId): readonly ExplainedStep[] {
  const iteration = parseHypothesisId(id)?.iteration ?? 0;
  const begun = listAttempts(workspace.root, workspace.effects.files, iteration).map(({ trial }) => trial);
  const trials = new Set([...workspace.listTrials(iteration), ...begun]);
  return [...trials]
    .filter((trial) => parseTrialId(trial)?.hypothesisId === id)
    .sort()
    .map((trial): ExplainedStep => {
      const record = workspace.readTrialRecord(trial);
      if (record?.state === "finished") {
        return { step: trial, action: "adopt", why: `it has finished (${record.outcome.status})` };
      }
      const left = explainLeft(workspace, trial, record);
      if (left !== null)
        return { step: trial, action: "adopt", why: `${left}, unless \`on_crash: end\` says otherwise` };
      const next = workspace.nextAttempt(trial);
      const why =
        next > 1 ? `attempt ${next - 1} was cut short; attempt ${next} gets a new folder` : "it had not begun";
      return { step: trial, action: "rerun", why };
    });
}

/** What becomes of an attempt that a killed AURA left; `null` when it left none that can be gone on with. */
function explainLeft(workspace: Workspace, trial: TrialId, record: Trial | null): string | null {
  const survivor = survivorOf(workspace, trial);
  if (survivor !== null) {
    const what = survivor.isAlive ? "is waited for" : "has ended and is taken";
    return `attempt ${survivor.attempt.attempt} outlived AURA and ${what}`;
  }
  const elsewhere = leftElsewhere(record);
  if (elsewhere === null) return null;
  return `attempt ${elsewhere.attempt} goes on elsewhere and is waited for, or taken when it has ended`;
}

function explainCalls(workspace: Workspace, record: IterationRecord): readonly ExplainedStep[] {
  return workspace.listCalls(record.iteration).map((id): ExplainedStep => {
    const call = workspace.readCall(record.iteration, id);
    const step = `call ${id}`;
    if (call?.state === "finished") {
      const done = record.state === "finished";
      return { step, action: done ? "reuse" : "adopt", why: "its reply is recorded and is not paid for again" };
    }
    const what =
      call?.state === "failed" ? `it failed: ${call.failure.message}` : "it was sent, and no reply was recorded";
    return record.state === "finished"
      ? { step, action: "reuse", why: `${what}; iteration ${iterationName(record.iteration)} went on without it` }
      : { step, action: "rerun", why: what };
  });
}
