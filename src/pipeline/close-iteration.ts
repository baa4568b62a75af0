import type { StageResults } from "../kernel/context.ts";
import type { Evaluation } from "../model/evaluation.ts";
import type { Experiment } from "../model/experiment.ts";
import type { HypothesisId } from "../model/ids.ts";
import type { FinishedIteration, IterationRecord } from "../model/iteration.ts";
import type { Workspace } from "../workspace/workspace.ts";
import type { Loop } from "./loop.ts";

/** What is recorded as the reason of a hypothesis that its score generation was over for. */
export const GENERATION_OVER = "generation-over";

/** The score generation of an iteration; one whose record is gone is of that of the next that has one. */
export function generationOf(workspace: Workspace, iteration: number, current: number): number {
  for (const known of workspace.listIterations()) {
    const record = known < iteration ? null : workspace.readIteration(known);
    if (record) return record.generation;
  }
  return current;
}

/**
 * Finishes an iteration of an earlier score generation from what is recorded, without running or scoring anything: a
 * score made by now would not be comparable with that generation's. What has no score is recorded as never scored, and
 * an iteration that was under way decides nothing. Answers what was done, for people.
 */
export function closeIteration(loop: Loop, iteration: number): string {
  const { workspace, history, state } = loop;
  const generation = generationOf(workspace, iteration, loop.generation);
  state.enterGeneration(generation);
  const begun = workspace.readIteration(iteration) ?? withoutRecord(loop, iteration, generation);
  const listed = begun.state === "started" ? workspace.listHypotheses(iteration) : begun.hypotheses;
  const unscored: HypothesisId[] = [];
  const results = listed.flatMap((id): readonly StageResults[] => {
    const hypothesis = workspace.readHypothesis(id);
    if (!hypothesis) {
      workspace.forgetHypothesis(id);
      return [];
    }
    const known = workspace.readEvaluation(id);
    if (!known || !workspace.readExperiment(id)) unscored.push(id);
    const experiment = workspace.readExperiment(id) ?? notRun(workspace, id);
    return [{ hypothesis, experiment, evaluation: known ?? notScored(workspace, id) }];
  });
  const insights = workspace.readInsights(iteration) ?? [];
  workspace.writeInsights(iteration, insights);
  const record = closed(loop, begun, results);
  workspace.writeIteration(record);
  const scope = { generation, base: record.base?.snapshot };
  for (const { hypothesis } of results) history.remember(hypothesis, scope);
  const entries = history.addIteration(iteration, generation, results, insights, record.refused);
  state.take(record, entries, history.entries());
  const which = unscored.length === 0 ? "all that it had proposed is scored" : `never scored: ${unscored.join(", ")}`;
  return `iteration ${iteration} stays as it is, because its score generation is over; ${which}`;
}

function withoutRecord({ state, artifacts }: Loop, iteration: number, generation: number): IterationRecord {
  const start = artifacts !== null && state.isFresh;
  const base = state.carried;
  return {
    iteration,
    generation,
    ...(start ? { start: true } : {}),
    ...(base ? { base } : {}),
    state: "started",
  };
}

function closed({ state }: Loop, begun: IterationRecord, results: readonly StageResults[]): FinishedIteration {
  const hypotheses = results.map(({ hypothesis }) => hypothesis.id);
  if (begun.state === "finished") return { ...begun, hypotheses };
  return {
    ...begun,
    hypotheses,
    refused: begun.state === "proposed" ? begun.refused : [],
    state: "finished",
    ...state.undecided(begun.base),
    cutShort: true,
  };
}

function notRun(workspace: Workspace, hypothesisId: HypothesisId): Experiment {
  const failure = { code: GENERATION_OVER, message: REASON };
  const experiment: Experiment = { hypothesisId, status: "failed", trials: [], summary: null, failure };
  workspace.writeExperiment(experiment);
  return experiment;
}

function notScored(workspace: Workspace, hypothesisId: HypothesisId): Evaluation {
  const evaluation: Evaluation = {
    hypothesisId,
    score: null,
    passed: false,
    reason: REASON,
    details: { failure: GENERATION_OVER },
  };
  workspace.writeEvaluation(evaluation);
  return evaluation;
}

const REASON = "it had not been scored when a change was accepted that scores depend on";
