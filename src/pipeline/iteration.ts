import type { StageContext, StageResults } from "../kernel/context.ts";
import { WorkspaceError } from "../kernel/errors.ts";
import type { Hypothesis } from "../model/hypothesis.ts";
import { hypothesisId, iterationName, parseTrialId } from "../model/ids.ts";
import type { Insight } from "../model/insight.ts";
import type { CarriedState, FinishedIteration, IterationRecord } from "../model/iteration.ts";
import type { BestSoFar } from "../model/run.ts";
import { isBetter, withoutMinimum } from "../model/score.ts";
import type { Workspace } from "../workspace/workspace.ts";
import { runBatch } from "./batch.ts";
import { presenceOf, runHypothesis } from "./hypothesis-task.ts";
import { isInterruption } from "./interruption.ts";
import { type Loop, stageContext } from "./loop.ts";
import { type Batch, propose } from "./propose.ts";
import { review } from "./review.ts";

type Started = Extract<IterationRecord, { state: "started" }>;
type Proposed = Extract<IterationRecord, { state: "proposed" | "finished" }>;

/** A batch that will not change any more. */
interface FixedBatch {
  readonly fixed: Proposed;
  readonly hypotheses: readonly Hypothesis[];
}

/**
 * One turn: hypothesize, experiment, evaluate, review. Every step that has a record is taken from it. Answers the
 * finished record, or `null` when the turn was cut short by a stop and is to be continued by a resume.
 */
export async function runIteration(loop: Loop, iteration: number): Promise<FinishedIteration | null> {
  const { workspace, run } = loop;
  const known = workspace.readIteration(iteration);
  const outdated = known !== null && isOutdated(loop, known);
  if (outdated) dropProposals(workspace, iteration);
  const begun = known === null || outdated ? begin(loop, iteration) : known;
  run.emit({ type: "iteration.started", iteration, ...(begun.base ? { base: begun.base } : {}) });

  const states = new Map<string, string>();
  const ctx = stageContext(loop, iteration, begun.base, states);
  const { fixed, hypotheses } =
    begun.state === "started" ? await fixBatch(loop, ctx, begun) : await readBatch(loop, ctx, begun);
  const batch = await experimentAll(loop, ctx, begun.base, hypotheses, states);
  if (!batch.complete) return null;
  const insights = workspace.readInsights(iteration) ?? (await review(loop, ctx, fixed.start ? [] : batch.results));
  return finish(loop, fixed, batch.results, insights);
}

/** Takes a finished iteration in from its records, in silence; `false` when a record is missing and the turn has to be run. */
export function replayIteration(loop: Loop, iteration: number): boolean {
  const { workspace, history, state } = loop;
  const record = workspace.readIteration(iteration);
  const insights = workspace.readInsights(iteration);
  if (record?.state !== "finished" || insights === null) return false;
  const results: StageResults[] = [];
  for (const id of record.hypotheses) {
    const hypothesis = workspace.readHypothesis(id);
    const { experiment, evaluation, missingTrials } = presenceOf(id, workspace);
    if (!hypothesis || !experiment || !evaluation || missingTrials.length > 0) return false;
    results.push({ hypothesis, experiment, evaluation });
  }
  for (const { hypothesis } of results) history.remember(hypothesis, record.base?.snapshot);
  const entries = history.addIteration(iteration, results, insights, record.refused);
  const concluded: FinishedIteration = { ...record, ...state.conclude(entries, record.base) };
  if (JSON.stringify(concluded) !== JSON.stringify(record)) workspace.writeIteration(concluded);
  state.take(concluded, entries, history.entries());
  return true;
}

function begin(loop: Loop, iteration: number): IterationRecord {
  const { artifacts, workspace } = loop;
  const base = baseOf(loop, iteration);
  const changes = loop.changesFor(iteration);
  const record: IterationRecord = {
    iteration,
    ...(artifacts !== null && iteration === 0 ? { start: true } : {}),
    ...(changes.length > 0 ? { changes } : {}),
    ...(base ? { base } : {}),
    state: "started",
  };
  workspace.writeIteration(record);
  return record;
}

/** What an iteration that begins now starts from; absent without artifacts. The start is the state of what runs it first. */
function baseOf({ state, artifacts }: Loop, iteration: number): CarriedState | undefined {
  if (state.carried) return state.carried;
  return artifacts ? { snapshot: artifacts.start, hypothesisId: hypothesisId(iteration, 0) } : undefined;
}

/** Whether an iteration has proposed nothing yet, and what it begins with is another since it began: it begins anew. */
function isOutdated(loop: Loop, known: IterationRecord): boolean {
  if (known.state !== "started") return false;
  const base = baseOf(loop, known.iteration);
  if (JSON.stringify(known.changes ?? []) !== JSON.stringify(loop.changesFor(known.iteration))) return true;
  return known.base?.snapshot !== base?.snapshot || known.base?.hypothesisId !== base?.hypothesisId;
}

/** Drops what of a batch was written before all of it was decided. */
function dropProposals(workspace: Workspace, iteration: number): void {
  for (const id of workspace.listHypotheses(iteration)) {
    workspace.forgetHypothesis(id);
    workspace.removeHypothesis(id);
  }
}

/** Decides, once and for good, which hypotheses this iteration runs. */
async function fixBatch(loop: Loop, ctx: StageContext, begun: Started): Promise<FixedBatch> {
  const batch = await proposeBatch(loop, ctx, begun.start === true);
  for (const hypothesis of batch.hypotheses) loop.workspace.writeHypothesis(hypothesis);
  const proposed: Proposed = {
    ...begun,
    hypotheses: batch.hypotheses.map(({ id }) => id),
    refused: batch.refused,
    ...(batch.failure ? { failure: batch.failure } : {}),
    ...(batch.exhausted ? { exhausted: true } : {}),
    state: "proposed",
  };
  loop.workspace.writeIteration(proposed);
  for (const hypothesis of batch.hypotheses)
    ctx.emit({ type: "hypothesis.proposed", hypothesis, iteration: ctx.iteration });
  for (const refused of batch.refused) ctx.emit({ type: "proposal.refused", iteration: ctx.iteration, refused });
  if (batch.failure)
    ctx.emit({
      type: "warning",
      code: batch.failure.code,
      message: `iteration ${ctx.iteration}: ${batch.failure.message}`,
    });
  if (!begun.start) loop.spending.proposed(batch.hypotheses.length);
  return { fixed: proposed, hypotheses: batch.hypotheses };
}

async function proposeBatch(loop: Loop, ctx: StageContext, start: boolean): Promise<Batch> {
  if (start) {
    return { hypotheses: [{ id: hypothesisId(ctx.iteration, 0), label: "start", spec: {} }], refused: [] };
  }
  ctx.emit({ type: "stage.started", stage: "hypothesize", iteration: ctx.iteration });
  const { researcher } = loop.stages;
  const left =
    ctx.settings.stop.hypotheses === undefined
      ? Number.POSITIVE_INFINITY
      : ctx.settings.stop.hypotheses - loop.state.hypotheses;
  return propose(researcher, ctx, Math.min(researcher.numTasks, left), 0, loop.history);
}

/** The batch's hypotheses. One whose record was deleted is proposed again, and what was computed from it is dropped. */
async function readBatch(loop: Loop, ctx: StageContext, fixed: Proposed): Promise<FixedBatch> {
  const { workspace, history } = loop;
  const known = fixed.hypotheses.map((id) => workspace.readHypothesis(id));
  const missing = fixed.hypotheses.filter((_, place) => known[place] === null);
  // Those that are there are remembered afterwards: before, a new proposal of them would be dropped as a repeat.
  const again = missing.length === 0 ? null : await proposeBatch(loop, ctx, fixed.start === true);
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
  for (const hypothesis of hypotheses) history.remember(hypothesis, fixed.base?.snapshot);
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

function forgetScore({ workspace, state }: Loop, id: string): void {
  workspace.removeEvaluation(id);
  state.live.forget(id);
}

async function experimentAll(
  loop: Loop,
  ctx: StageContext,
  base: CarriedState | undefined,
  hypotheses: readonly Hypothesis[],
  states: Map<string, string>,
): Promise<{ readonly results: readonly StageResults[]; readonly complete: boolean }> {
  const { stages, workspace, artifacts, gate, run, state } = loop;
  const mayStart = () => gate.closed() === null;
  const { experimenter, evaluator } = stages;
  const forgetsScore = (id: string) => forgetScore(loop, id);
  const deps = { workspace, experimenter, evaluator, artifacts, base, states, mayStart, forgetsScore };
  ctx.emit({ type: "stage.started", stage: "experiment", iteration: ctx.iteration });
  return runBatch(hypotheses, experimenter.queues ? hypotheses.length : ctx.settings.parallel, async (hypothesis) => {
    try {
      const result = await runHypothesis(hypothesis, ctx, deps);
      if (result === null || result.reused) return result;
      gate.experimented(result.experiment.status === "completed");
      const { evaluation } = result;
      const previous = state.live.current;
      state.live.scored(hypothesis.id, evaluation.score);
      const best = state.live.current;
      run.emit({ type: "evaluation.scored", evaluation, iteration: ctx.iteration, best });
      if (best && isImprovement(best, previous, ctx)) run.emit({ type: "best.improved", best, previous });
      return result;
    } catch (thrown) {
      if (isInterruption(thrown, loop.signals)) return null;
      throw thrown;
    }
  });
}

/** Another best with the same score, or by the order of ids one with less, is no improvement. */
function isImprovement(best: BestSoFar, previous: BestSoFar | null, { settings }: StageContext): boolean {
  return isBetter(best.score, previous?.score ?? null, withoutMinimum(settings.metric));
}

function finish(
  loop: Loop,
  proposed: Proposed,
  results: readonly StageResults[],
  insights: readonly Insight[],
): FinishedIteration {
  const { history, state, workspace, run, artifacts } = loop;
  const { iteration, start, changes, base, hypotheses, refused, failure, exhausted } = proposed;
  const entries = history.addIteration(iteration, results, insights, refused);
  const record: FinishedIteration = {
    iteration,
    ...(start === undefined ? {} : { start }),
    ...(changes === undefined ? {} : { changes }),
    ...(base === undefined ? {} : { base }),
    hypotheses,
    refused,
    ...(failure === undefined ? {} : { failure }),
    ...(exhausted === undefined ? {} : { exhausted }),
    state: "finished",
    ...state.conclude(entries, base),
  };
  const known = proposed.state === "finished" && JSON.stringify(proposed) === JSON.stringify(record);
  if (!known) workspace.writeIteration(record);
  state.take(record, entries, history.entries());
  if (artifacts && state.carriedNow) artifacts.carry(state.carriedNow.snapshot);
  loop.folders.clear(iteration, state.live.settled?.id ?? null);
  const totals = loop.noteProgress();
  const best = state.live.current;
  run.emit({
    type: "iteration.finished",
    iteration,
    hypotheses: hypotheses.length,
    failed: entries.filter((entry) => entry.score === null).length,
    best,
    improved: record.improved && best?.id === record.best,
    ...(record.carried && state.carriedNow ? { carried: state.carriedNow } : {}),
    ...(failure ? { failure } : {}),
    totals,
  });
  return record;
}
