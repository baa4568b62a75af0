import type { StageContext, StageResults } from "../kernel/context.ts";
import { RunFailedError } from "../kernel/errors.ts";
import type { Evaluation } from "../model/evaluation.ts";
import type { Experiment } from "../model/experiment.ts";
import { failureLine } from "../model/failed.ts";
import type { Hypothesis } from "../model/hypothesis.ts";
import type { HypothesisId } from "../model/ids.ts";
import type { CarriedState } from "../model/iteration.ts";
import { trialOutput } from "../model/trial.ts";
import type { Loop } from "./loop-parts.ts";
import { nextStep, presenceOf } from "./resume.ts";
import { answerOf, EVALUATION, EXPERIMENT } from "./stages.ts";

/** Where the hypotheses of an iteration start from. */
export interface Bases {
  /** Base state of the iteration, for the start, which has none of its own; absent without artifacts. */
  readonly base: CarriedState | undefined;
  /** State each hypothesis of this iteration runs with, for the trials' copies. */
  readonly states: Map<string, string>;
}

/** Runs and scores one hypothesis, from the first step that has no record; `null` when nothing more may be started. */
export async function runHypothesis(
  hypothesis: Hypothesis,
  ctx: StageContext,
  loop: Loop,
  bases: Bases,
): Promise<(StageResults & { readonly reused: boolean }) | null> {
  const { workspace } = loop;
  const presence = presenceOf(hypothesis.id, workspace);
  const next = nextStep({ ...presence, hypothesis: true });
  if (next.step === "none" && presence.experiment && presence.evaluation) {
    return { hypothesis, experiment: presence.experiment, evaluation: presence.evaluation, reused: true };
  }
  if (loop.gate.closed() !== null) return null;
  const experiment =
    next.step === "experiment" || !presence.experiment
      ? await experimentWith(hypothesis, ctx, loop, bases)
      : presence.experiment;
  const answer = await evaluationOf(hypothesis, experiment, ctx, loop);
  const evaluation = withFeedback(checked(answer, hypothesis), experiment);
  workspace.writeEvaluation(evaluation);
  // Stages that run in this process may never wait for anything: a stop, the lock and the dashboard get their turn here.
  await workspace.effects.clock.turn();
  return { hypothesis, experiment, evaluation, reused: false };
}

/** Drops the score of a hypothesis that is run again. */
export function forgetScore({ workspace, history }: Loop, id: HypothesisId): void {
  workspace.removeEvaluation(id);
  history.forget(id);
}

async function experimentWith(
  hypothesis: Hypothesis,
  ctx: StageContext,
  loop: Loop,
  bases: Bases,
): Promise<Experiment> {
  forgetScore(loop, hypothesis.id);
  const experiment = await experimentOf(hypothesis, ctx, loop, bases);
  loop.workspace.writeExperiment(experiment);
  ctx.emit({ type: "experiment.finished", experiment, iteration: ctx.iteration });
  return experiment;
}

async function experimentOf(
  hypothesis: Hypothesis,
  ctx: StageContext,
  { stages, artifacts }: Loop,
  { base: first, states }: Bases,
): Promise<Experiment> {
  const run = () =>
    answerOf({ stage: "experimenter", about: hypothesis.id, signal: ctx.signal }, EXPERIMENT, () =>
      stages.experimenter.runExperiment(hypothesis, ctx),
    );
  const base = hypothesis.base ?? first;
  if (!artifacts || !base) return run();
  const edited = artifacts.stateOf(hypothesis, base);
  states.set(hypothesis.id, edited);
  ctx.emit({ type: "snapshot.taken", snapshot: edited, hypothesisId: hypothesis.id });
  const experiment = await run();
  const captured = experiment.trials.find((trial) => trial.captured !== undefined)?.captured;
  if (captured === undefined || captured === edited) return { ...experiment, state: edited };
  ctx.emit({ type: "snapshot.taken", snapshot: captured, hypothesisId: hypothesis.id });
  return { ...experiment, state: captured };
}

async function evaluationOf(
  hypothesis: Hypothesis,
  experiment: Experiment,
  ctx: StageContext,
  { stages }: Loop,
): Promise<Evaluation> {
  if (experiment.status === "failed") {
    const reason = experiment.failure ? failureLine(experiment.failure) : "the experiment failed";
    const code = experiment.failure?.code ?? "experiment-failed";
    return { hypothesisId: hypothesis.id, score: null, passed: false, reason, details: { failure: code } };
  }
  return answerOf({ stage: "evaluator", about: hypothesis.id, signal: ctx.signal }, EVALUATION, () =>
    stages.evaluator.evaluate(hypothesis, experiment, ctx),
  );
}

/** A score is a finite number or nothing, whatever an evaluator of the user's own returned. */
function checked(evaluation: Evaluation, hypothesis: Hypothesis): Evaluation {
  if (evaluation.hypothesisId !== hypothesis.id) {
    throw new RunFailedError(
      `the evaluator answered about ${evaluation.hypothesisId} when asked about ${hypothesis.id}`,
    );
  }
  if (evaluation.score === null || Number.isFinite(evaluation.score)) return evaluation;
  return { ...evaluation, score: null, passed: false, reason: `the score is not a finite number: ${evaluation.score}` };
}

const FEEDBACK_BYTES = 4096;

/** What the evaluator has to tell whoever proposes next, else what a trial printed as its `feedback`; bounded. */
function withFeedback({ feedback: told, ...evaluation }: Evaluation, { trials }: Experiment): Evaluation {
  const printed = trials.map(({ outcome }) => trialOutput(outcome)?.feedback);
  const feedback = [told, ...printed].find((text) => typeof text === "string" && text !== "");
  if (typeof feedback !== "string") return evaluation;
  const bytes = new TextEncoder().encode(feedback);
  const text = new TextDecoder().decode(bytes.subarray(0, FEEDBACK_BYTES));
  return { ...evaluation, feedback: bytes.length > FEEDBACK_BYTES ? text.replace(/\ufffd+$/, "") : feedback };
}
