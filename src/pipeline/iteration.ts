import type { HistoryEntry, StageContext, StageResults } from "../kernel/context.ts";
import { WorkspaceError } from "../kernel/errors.ts";
import type { Finding } from "../kernel/ports.ts";
import { Semaphore } from "../kernel/semaphore.ts";
import { failedOf, failureKind } from "../model/failed.ts";
import type { Hypothesis } from "../model/hypothesis.ts";
import { type HypothesisId, hypothesisId, iterationName, parseTrialId } from "../model/ids.ts";
import type { Insight } from "../model/insight.ts";
import type { CarriedState, FinishedIteration, IterationRecord, ProposedIteration } from "../model/iteration.ts";
import { defined } from "../model/json.ts";
import type { BestSoFar } from "../model/run.ts";
import { isBetter, withoutMinimum } from "../model/score.ts";
import type { Workspace } from "../workspace/workspace.ts";
import { isInterruption } from "./ending.ts";
import type { View } from "./history.ts";
import { forgetScore, runHypothesis } from "./hypothesis.ts";
import type { Loop } from "./loop-parts.ts";
import { type Batch, propose, proposedState } from "./propose.ts";
import { insightsOf, presenceOf } from "./resume.ts";
import { stageContext } from "./stage-context.ts";
import { answerOf, FINDINGS } from "./stages.ts";

type Started = Extract<IterationRecord, { state: "started" }>;

/** A batch that will not change any more. */
interface FixedBatch {
  readonly fixed: ProposedIteration;
  readonly hypotheses: readonly Hypothesis[];
}

/**
 * One iteration, by its number and what it may know: hypothesize, experiment, evaluate, review. Every step that has a
 * record is taken from it. Answers the finished record, or `null` when the iteration was cut short by a stop and is to be
 * continued by a resume.
 */
export async function runIteration(loop: Loop, iteration: number, view: View): Promise<FinishedIteration | null> {
  const { workspace, run } = loop;
  const begun = begin(loop, iteration, view);
  run.emit({ type: "iteration.started", iteration, ...(begun.base ? { base: begun.base } : {}) });

  const states = new Map<string, string>();
  const ctx = stageContext(loop, view, begun, states);
  const { fixed, hypotheses } =
    begun.state === "started" ? await fixBatch(loop, ctx, begun, view) : await readBatch(loop, ctx, begun, view);
  const results = await experimentAll(loop, ctx, begun.base, hypotheses, states);
  // No reviewer is asked about the end of a run.
  if (results === null || loop.gate.refused === "failed-alike") return null;
  const insights =
    insightsOf(fixed, workspace) ??
    (await review(loop, { ...ctx, refused: fixed.refused }, fixed.start ? [] : results));
  return finish(loop, fixed, results, insights);
}

/** Takes a finished iteration in from its records, in silence; `false` when a record is missing and the iteration has to be run. */
export function replayIteration(loop: Loop, iteration: number): boolean {
  const { workspace, history } = loop;
  const record = workspace.readIteration(iteration);
  const insights = record && insightsOf(record, workspace);
  if (record?.state !== "finished" || !insights) return false;
  const results: StageResults[] = [];
  for (const id of record.hypotheses) {
    const hypothesis = workspace.readHypothesis(id);
    const { experiment, evaluation, missingTrials } = presenceOf(id, workspace);
    if (!hypothesis || !experiment || !evaluation || missingTrials.length > 0) return false;
    results.push({ hypothesis, experiment, evaluation });
  }
  for (const { hypothesis, experiment, evaluation } of results) {
    // What a trial left is not what was proposed.
    const isCaptured = experiment.trials.some(({ captured }) => captured !== undefined);
    const { state } = isCaptured ? {} : experiment;
    history.remember(hypothesis, state ?? proposedState(hypothesis, record.base, loop.artifacts));
    history.tell(evaluation);
  }
  const concluded = history.finish(record, results, insights).record;
  if (JSON.stringify(concluded) !== JSON.stringify(record)) workspace.writeIteration(concluded);
  return true;
}

/** The record of an iteration. One that has proposed nothing yet begins anew when what it begins with is another by now. */
function begin({ artifacts, workspace, changesFor }: Loop, iteration: number, view: View): IterationRecord {
  const known = workspace.readIteration(iteration);
  if (known !== null && known.state !== "started") return known;
  // The start is the state of what runs it first.
  const start = artifacts && { snapshot: artifacts.start, hypothesisId: hypothesisId(iteration, 0) };
  const base = view.carried ?? start;
  const changes = changesFor(iteration);
  // What is said later is for the next: a question that has a reply is asked in the same words again.
  const notes =
    known === null
      ? workspace.notes().filter(({ name }) => !view.notes.some((note) => note.name === name))
      : (known.notes ?? []);
  const record: IterationRecord = {
    iteration,
    ...(artifacts !== null && iteration === 0 ? { start: true } : {}),
    ...(changes.length > 0 ? { changes } : {}),
    ...(notes.length > 0 ? { notes } : {}),
    ...(base ? { base } : {}),
    state: "started",
  };
  if (JSON.stringify(known) === JSON.stringify(record)) return record;
  if (known !== null) dropProposals(workspace, iteration);
  workspace.writeIteration(record);
  return record;
}

/** Drops what of a batch was written before all of it was decided. */
function dropProposals(workspace: Workspace, iteration: number): void {
  for (const id of workspace.listHypotheses(iteration)) {
    workspace.forgetHypothesis(id);
    workspace.removeHypothesis(id);
  }
}

/** Decides, once and for good, which hypotheses this iteration runs. */
async function fixBatch(loop: Loop, ctx: StageContext, begun: Started, view: View): Promise<FixedBatch> {
  const { iteration, emit } = ctx;
  const { hypotheses, refused, failure, exhausted } = await proposeBatch(loop, ctx, begun, view);
  for (const hypothesis of hypotheses) loop.workspace.writeHypothesis(hypothesis);
  const fixed: ProposedIteration = {
    ...begun,
    hypotheses: hypotheses.map(({ id }) => id),
    refused,
    ...(failure ? { failure } : {}),
    ...(exhausted ? { exhausted: true } : {}),
    state: "proposed",
  };
  loop.workspace.writeIteration(fixed);
  for (const hypothesis of hypotheses) emit({ type: "hypothesis.proposed", hypothesis, iteration });
  for (const one of refused) emit({ type: "proposal.refused", iteration, refused: one });
  if (failure) emit({ type: "warning", code: failure.code, message: `iteration ${iteration}: ${failure.message}` });
  if (!begun.start) loop.spending.proposed(hypotheses.length);
  return { fixed, hypotheses };
}

/** Hypotheses of one iteration, where its researcher says itself how many there are. */
const MOST_OF_AN_ITERATION = 1000;

async function proposeBatch(loop: Loop, ctx: StageContext, begun: IterationRecord, view: View): Promise<Batch> {
  if (begun.start === true) {
    const start = { id: hypothesisId(ctx.iteration, 0), label: "start", spec: {} };
    loop.history.remember(start, proposedState(start, begun.base, loop.artifacts));
    return { hypotheses: [start], refused: [] };
  }
  ctx.emit({ type: "stage.started", stage: "hypothesize", iteration: ctx.iteration });
  const { researcher } = loop.stages;
  const { hypotheses = Number.POSITIVE_INFINITY } = ctx.settings.stop;
  const left = hypotheses - view.progress.hypotheses;
  const count = Math.min(researcher.numTasks, left);
  const most = researcher.isOpenEnded ? Math.min(left, MOST_OF_AN_ITERATION) : count;
  return propose(researcher, ctx, { count, most }, begun.base, loop);
}

/** The batch's hypotheses. One whose record was deleted is proposed again, and what was computed from it is dropped. */
async function readBatch(loop: Loop, ctx: StageContext, fixed: ProposedIteration, view: View): Promise<FixedBatch> {
  const { workspace, history } = loop;
  const known = fixed.hypotheses.map((id) => workspace.readHypothesis(id));
  // Those that are there are remembered afterwards: before, a new proposal of them would be dropped as a repeat.
  const again = known.every((hypothesis) => hypothesis !== null) ? null : await proposeBatch(loop, ctx, fixed, view);
  const hypotheses = fixed.hypotheses.map((id, place) => {
    const present = known[place];
    if (present) return present;
    const proposed = again?.hypotheses.find((hypothesis) => hypothesis.id === id);
    if (!proposed) {
      const file = `iterations/${iterationName(fixed.iteration)}/hypotheses/${id}.json`;
      throw new WorkspaceError("damaged", `${file} is missing, and was not proposed again: restore it`);
    }
    forgetResults(loop, fixed.iteration, id);
    workspace.writeHypothesis(proposed);
    return proposed;
  });
  for (const one of hypotheses) history.remember(one, proposedState(one, fixed.base, loop.artifacts));
  return { fixed, hypotheses };
}

/** Drops what was computed from a hypothesis. Attempts keep their folders, so a new one gets a new number. */
function forgetResults(loop: Loop, iteration: number, id: string): void {
  const { workspace } = loop;
  forgetScore(loop, id);
  workspace.removeExperiment(id);
  for (const trial of workspace.listTrials(iteration)) {
    if (parseTrialId(trial)?.hypothesisId === id) workspace.removeTrial(trial);
  }
}

/** What came of each, in the order of the batch; `null` when a stop cut one short or kept it from starting. */
async function experimentAll(
  loop: Loop,
  ctx: StageContext,
  base: CarriedState | undefined,
  hypotheses: readonly Hypothesis[],
  states: Map<string, string>,
): Promise<readonly StageResults[] | null> {
  const { stages, gate, run, history, signals } = loop;
  const first = firstOfRun(ctx.history.entries, hypotheses);
  ctx.emit({ type: "stage.started", stage: "experiment", iteration: ctx.iteration });

  const one = async (hypothesis: Hypothesis): Promise<StageResults | null> => {
    try {
      const result = await runHypothesis(hypothesis, ctx, loop, { base, states });
      const isNew = result !== null && !(result.reused && history.isForgiven);
      if (isNew && first.includes(hypothesis.id) && failedAlike(loop, first)) gate.refuse("failed-alike");
      if (result === null || result.reused) return result;
      gate.experimented(result.experiment.status === "completed");
      const { evaluation } = result;
      const previous = history.best;
      history.tell(evaluation);
      const { best } = history;
      run.emit({ type: "evaluation.scored", evaluation, iteration: ctx.iteration, best });
      if (best && isImprovement(best, previous, ctx)) run.emit({ type: "best.improved", best, previous });
      return result;
    } catch (thrown) {
      if (isInterruption(thrown, signals)) return null;
      throw thrown;
    }
  };
  const width = stages.experimenter.queues ? hypotheses.length : ctx.settings.parallel;
  const results = await inBatches(hypotheses, width, one);
  return results.every((result) => result !== null) ? results : null;
}

/** Hypotheses by whose failure a run is known to be none. */
const FIRST = 3;

/** The first hypotheses of the run, the start left out; none when they are in an earlier iteration. */
function firstOfRun(entries: readonly HistoryEntry[], batch: readonly Hypothesis[]): readonly HypothesisId[] {
  const before = entries.slice(0, FIRST + 1).filter(({ iteration }) => iteration > 0);
  return before.length >= FIRST ? [] : [...before, ...batch].slice(0, FIRST).map(({ id }) => id);
}

/** Whether the first hypotheses have all failed in the same way before anything was scored. */
function failedAlike({ run, workspace, history }: Loop, first: readonly HypothesisId[]): boolean {
  const { stop, start } = run.settings;
  if (first.length < FIRST || stop.failures !== undefined || start === "may_fail" || !history.isWithoutScore)
    return false;
  // One that ran and printed another metric has failed, too: only its evaluation knows.
  const kinds = first.map((id) => {
    const [experiment, evaluation] = [workspace.readExperiment(id), workspace.readEvaluation(id)];
    return experiment && evaluation?.score === null ? failureKind(failedOf(experiment, evaluation)) : null;
  });
  return new Set(kinds).size === 1 && kinds[0] !== null;
}

/**
 * Runs `task` over `items`, at most `width` at a time, started in order. When one throws, no further one is started, the
 * others are waited for, and the first error is thrown.
 */
async function inBatches<T, R>(
  items: readonly T[],
  width: number,
  task: (item: T) => Promise<R>,
): Promise<readonly R[]> {
  const places = new Semaphore(width);
  const failed = new AbortController();
  const errors: unknown[] = [];
  const all = items.map(async (item) => {
    try {
      return await places.run(() => task(item), failed.signal);
    } catch (thrown) {
      errors.push(thrown);
      failed.abort(thrown);
      throw thrown;
    }
  });
  await Promise.allSettled(all);
  if (errors.length > 0) throw errors[0];
  return Promise.all(all);
}

/** Another best with the same score, or by the order of ids one with less, is no improvement. */
function isImprovement(best: BestSoFar, previous: BestSoFar | null, { settings }: StageContext): boolean {
  return isBetter(best.score, previous?.score ?? null, withoutMinimum(settings.metric));
}

/** Distils the insights of a batch and records them; an empty batch has none, and is not asked about. */
async function review(loop: Loop, ctx: StageContext, results: readonly StageResults[]): Promise<readonly Insight[]> {
  const { iteration, signal, emit } = ctx;
  if (results.length > 0) emit({ type: "stage.started", stage: "review", iteration });
  const asked = { stage: "reviewer", about: `iteration ${iteration}`, signal };
  const findings =
    results.length === 0 ? [] : await answerOf(asked, FINDINGS, () => loop.stages.reviewer.review(results, ctx));
  const insights = findings.map((finding, place) => insight(finding, iteration, place));
  if (insights.length > 0) loop.workspace.writeInsights(iteration, insights);
  for (const found of insights) emit({ type: "insight.recorded", insight: found });
  return insights;
}

function insight(found: Finding, iteration: number, place: number): Insight {
  const { finding, recommendation, evidence = [], replaces, retracts } = found;
  return {
    id: `i${iterationName(iteration)}-n${String(place).padStart(2, "0")}`,
    iteration,
    finding,
    ...(recommendation === undefined ? {} : { recommendation }),
    evidence,
    ...defined({ replaces, retracts }),
  };
}

function finish(
  loop: Loop,
  proposed: ProposedIteration,
  results: readonly StageResults[],
  insights: readonly Insight[],
): FinishedIteration {
  const { history, workspace, run, artifacts } = loop;
  const { record, entries } = history.finish(proposed, results, insights);
  const known = proposed.state === "finished" && JSON.stringify(proposed) === JSON.stringify(record);
  if (!known) workspace.writeIteration(record);
  const { carriedNow, best } = history;
  if (artifacts && carriedNow) artifacts.carry(carriedNow.snapshot);
  loop.folders.clear(record.iteration, best?.id ?? null);
  const totals = loop.noteProgress();
  run.emit({
    type: "iteration.finished",
    iteration: record.iteration,
    hypotheses: record.hypotheses.length,
    failed: entries.filter((entry) => entry.score === null).length,
    best,
    improved: record.improved && best?.id === record.best,
    ...(record.carried && carriedNow ? { carried: carriedNow } : {}),
    ...(record.failure ? { failure: record.failure } : {}),
    totals,
  });
  return record;
}
