import { Archive } from "../../kernel/archive.ts";
import { isVetoed } from "../../model/evaluation.ts";
import type { HypothesisId } from "../../model/ids.ts";
import type { FinishReason, RecordedStanding, RunManifest, RunStatus, RunTotals } from "../../model/run.ts";
import { comparisonsOf } from "../../model/score.ts";
import type { Records } from "../records.ts";
import { listRollbacks, readRollbacks } from "../rollbacks.ts";

/** How the hypotheses of a run did so far, the iteration under way included. The start may be best, and is none of them. */
export interface Standing {
  readonly hypotheses: {
    readonly total: number;
    readonly scored: number;
    /** Evaluated, without a score. */
    readonly failed: number;
  };
  readonly best: RecordedStanding["best"];
}

/**
 * How the hypotheses of a run stand: as it recorded when it last came to rest, else, and after a rollback since, by their
 * evaluations. Throws `WorkspaceError` ("damaged") for one that cannot be read.
 */
export function standing(records: Records, manifest: RunManifest): Standing {
  const { standing: recorded } = manifest;
  if (recorded && recorded.rollbacks === listRollbacks(records).length) {
    const { total, scored, failed, best } = recorded;
    return { hypotheses: { total, scored, failed }, best };
  }
  return countStanding(records, manifest);
}

/** What a run records when it comes to rest. */
export function standingAtRest(records: Records, manifest: RunManifest): RecordedStanding {
  const { hypotheses, best } = countStanding(records, manifest);
  return { ...hypotheses, best, rollbacks: listRollbacks(records).length };
}

interface Verdict {
  readonly id: HypothesisId;
  readonly score: number | null;
  readonly passed: boolean;
  readonly vetoed: boolean;
}

function countStanding(records: Records, manifest: RunManifest): Standing {
  const archive = new Archive<Verdict>(comparisonsOf(manifest), readRollbacks(records));
  let [total, evaluated, scored] = [0, 0, 0];
  for (const { iteration, verdict } of verdictsOf(records)) {
    if (verdict !== null) archive.add(verdict);
    if (iteration === 0) continue;
    total += 1;
    if (verdict !== null) evaluated += 1;
    if (verdict !== null && verdict.score !== null) scored += 1;
  }
  const best = archive.best();
  return {
    hypotheses: { total, scored, failed: evaluated - scored },
    best: best && { id: best.id, score: best.score, passed: best.passed },
  };
}

/** What was said of each hypothesis, in the order of ids; `null` where nothing is yet. */
function* verdictsOf(records: Records): Generator<{ readonly iteration: number; readonly verdict: Verdict | null }> {
  for (const iteration of records.listIterations()) {
    for (const id of records.listHypotheses(iteration)) {
      const evaluation = records.readEvaluation(id);
      if (evaluation === null) yield { iteration, verdict: null };
      else {
        const { score, passed } = evaluation;
        yield { iteration, verdict: { id, score, passed, vetoed: isVetoed(evaluation) } };
      }
    }
  }
}

/** A moment of a run: when a hypothesis was evaluated. */
export interface Moment {
  /** What was evaluated; `null` before anything was. */
  readonly id: HypothesisId | null;
  /** The best then. */
  readonly best: Standing["best"];
}

/**
 * The moments after n evaluated hypotheses, by n: at 0 the start, which is none of them. A rollback counts from the last
 * hypothesis before it on.
 */
export function bestSoFar(records: Records, manifest: RunManifest): readonly Moment[] {
  const archive = new Archive<Verdict>(comparisonsOf(manifest));
  const rollbacks = readRollbacks(records);
  const moments: Moment[] = [{ id: null, best: null }];
  const evaluated = [...verdictsOf(records)].flatMap(({ iteration, verdict }) =>
    verdict === null ? [] : [{ iteration, verdict }],
  );
  for (const [place, { iteration, verdict }] of evaluated.entries()) {
    archive.add(verdict);
    const next = evaluated[place + 1]?.iteration ?? Number.POSITIVE_INFINITY;
    const made = rollbacks.filter(({ afterIteration: last }) => iteration <= last && last < next);
    for (const rollback of made) archive.rollBack(rollback);
    moments[iteration === 0 ? 0 : moments.length] = { id: verdict.id, best: archive.best() };
  }
  return moments;
}

/** A run in brief. */
export interface RunSummary {
  /** Absolute path of the workspace. */
  readonly workspace: string;
  readonly runId: string;
  readonly name: string;
  readonly status: RunStatus;
  /** Why it ended or stopped, once it has. */
  readonly reason: FinishReason | null;
  readonly seed: number;
  readonly iterationsCompleted: number;
  readonly hypotheses: Standing["hypotheses"];
  readonly bestScore: number | null;
  readonly bestHypothesisId: HypothesisId | null;
  readonly totals: RunTotals;
  /** Every iteration that has a hypothesis, the start's (0) included, in their order. */
  readonly iterations: readonly IterationSummary[];
}

/** How the hypotheses of one iteration did. */
export interface IterationSummary {
  readonly iteration: number;
  /** Mean of the scores, in the metric's own units; `null` where none has one. */
  readonly mean: number | null;
  /** Highest score; the best one where the metric is maximized. */
  readonly max: number | null;
  /** Lowest score; the best one where the metric is minimized. */
  readonly min: number | null;
  /** Hypotheses that passed. */
  readonly passed: number;
  /** Hypotheses that were evaluated and have no score. */
  readonly failed: number;
}

/** The summary of a run from its manifest and its evaluations. */
export function summarize(records: Records, manifest: RunManifest): RunSummary {
  const { runId, name, status, reason = null, seed, iterationsCompleted, totals } = manifest;
  const { hypotheses, best } = standing(records, manifest);
  return {
    workspace: records.root,
    runId,
    name,
    status,
    reason,
    seed,
    iterationsCompleted,
    hypotheses,
    bestScore: best?.score ?? null,
    bestHypothesisId: best?.id ?? null,
    totals,
    iterations: iterationsOf(records),
  };
}

function iterationsOf(records: Records): readonly IterationSummary[] {
  const byIteration = new Map<number, Verdict[]>();
  for (const { iteration, verdict } of verdictsOf(records)) {
    const known = byIteration.get(iteration) ?? [];
    byIteration.set(iteration, verdict === null ? known : [...known, verdict]);
  }
  return [...byIteration].map(([iteration, verdicts]) => {
    const scores = verdicts.flatMap(({ score }) => score ?? []);
    const isAny = scores.length > 0;
    return {
      iteration,
      mean: isAny ? scores.reduce((sum, score) => sum + score, 0) / scores.length : null,
      max: isAny ? Math.max(...scores) : null,
      min: isAny ? Math.min(...scores) : null,
      passed: verdicts.filter(({ passed }) => passed).length,
      failed: verdicts.length - scores.length,
    };
  });
}
