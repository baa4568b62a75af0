import { mayBeBest } from "../kernel/archive.ts";
import type { HistoryEntry } from "../kernel/context.ts";
import type { FinishedIteration } from "../model/iteration.ts";
import type { BestSoFar, FinishReason, RunTotals } from "../model/run.ts";
import { isBetter, withoutMinimum } from "../model/score.ts";
import type { MetricSettings, RunSettings, StopSettings } from "../model/settings.ts";
import type { StopSignals } from "./ending.ts";
import type { Spending } from "./spending.ts";

/**
 * What stop rules go by: a fold over finished iterations, so that a resumed run stops where an undisturbed one would. The
 * start counts neither as an iteration nor as a hypothesis.
 */
export interface Progress {
  readonly iterationsCompleted: number;
  readonly hypotheses: number;
  readonly iterationsSinceImprovement: number;
  /** The best score by itself: `min_delta` has no say in it. */
  readonly top: BestSoFar | null;
  readonly exhausted: boolean;
  readonly failuresInARow: number;
  readonly startFailed: boolean;
  readonly iterationsWithoutProposal: number;
}

export const NO_PROGRESS: Progress = {
  iterationsCompleted: 0,
  hypotheses: 0,
  iterationsSinceImprovement: 0,
  top: null,
  exhausted: false,
  failuresInARow: 0,
  startFailed: false,
  iterationsWithoutProposal: 0,
};

/** The progress after one more finished iteration. */
export function withIteration(
  before: Progress,
  record: FinishedIteration,
  entries: readonly HistoryEntry[],
  metric: MetricSettings,
): Progress {
  const { failuresInARow, hypotheses, improved, exhausted = false } = record;
  const top = entries
    .filter(mayBeBest)
    .reduce<BestSoFar | null>(
      (best, { id, score }) => (isBetter(score, best?.score ?? null, withoutMinimum(metric)) ? { id, score } : best),
      before.top,
    );
  if (record.start) return { ...before, top, failuresInARow };
  return {
    ...before,
    iterationsCompleted: before.iterationsCompleted + 1,
    hypotheses: before.hypotheses + hypotheses.length,
    iterationsSinceImprovement: improved ? 0 : before.iterationsSinceImprovement + 1,
    top,
    exhausted,
    failuresInARow,
    iterationsWithoutProposal: hypotheses.length === 0 && !exhausted ? before.iterationsWithoutProposal + 1 : 0,
  };
}

/** Failed experiments in a row that end a run, where the spec does not say. */
export const MOST_FAILURES = 10;
/** Iterations in a row without a usable proposal that end a run. */
const MAX_EMPTY_ITERATIONS = 3;

/** The first stop condition that holds between iterations, or `null`. */
export function stopBetweenIterations(
  progress: Progress,
  totals: RunTotals,
  { stop, metric, start }: Pick<RunSettings, "stop" | "metric" | "start">,
): FinishReason | null {
  if (progress.startFailed && progress.top === null && start === "must_score") return "start-failed";
  if (progress.failuresInARow >= (stop.failures ?? MOST_FAILURES)) return "failures";
  if (progress.iterationsWithoutProposal >= MAX_EMPTY_ITERATIONS) return "no-proposals";
  if (reachedTarget(progress.top?.score ?? null, metric)) return "target";
  if (stop.iterations !== undefined && progress.iterationsCompleted >= stop.iterations) return "iterations";
  if (stop.hypotheses !== undefined && progress.hypotheses >= stop.hypotheses) return "hypotheses";
  if (stop.patience !== undefined && progress.iterationsSinceImprovement >= stop.patience) return "patience";
  if (progress.exhausted) return "exhausted";
  return stopStarts(totals, stop);
}

/** The spent budget after which nothing more is started, or `null`; what runs is finished and scored. */
export function stopStarts(totals: RunTotals, stop: StopSettings): FinishReason | null {
  if (stop.wallClockMs !== undefined && totals.activeMs >= stop.wallClockMs) return "wall-clock";
  return spentCap(totals, stop);
}

/** The spent cap after which no call of any stage is sent, or `null`; what was not scored is left to a resume with a higher one. */
export function spentCap(totals: RunTotals, stop: StopSettings): "tokens" | "cost" | null {
  if (stop.tokens !== undefined && totals.inputTokens + totals.outputTokens >= stop.tokens) return "tokens";
  if (stop.costUsd !== undefined && totals.costUsd >= stop.costUsd) return "cost";
  return null;
}

/** What a spent budget is called in a message, with the setting that limits it. */
export function budgetName(reason: FinishReason): string {
  if (reason === "wall-clock") return "the time (stop.wall_clock)";
  return reason === "tokens" ? "the tokens (stop.tokens)" : "the money (stop.cost_usd)";
}

export function reachedTarget(score: number | null, metric: MetricSettings): boolean {
  if (score === null || metric.target === undefined) return false;
  return metric.direction === "maximize" ? score >= metric.target : score <= metric.target;
}

/** Decides whether one more hypothesis may start: not once the run is stopping, a budget is spent or too much has failed. */
export class Gate {
  readonly #stop: StopSettings;
  readonly #spending: Spending;
  readonly #signals: StopSignals;
  #failuresInARow = 0;
  #refused: FinishReason | null = null;

  constructor(stop: StopSettings, spending: Spending, signals: StopSignals) {
    this.#stop = stop;
    this.#spending = spending;
    this.#signals = signals;
  }

  experimented(completed: boolean): void {
    this.#failuresInARow = completed ? 0 : this.#failuresInARow + 1;
  }

  /** Why nothing more is started, where that does not depend on what is spent. */
  get refused(): FinishReason | null {
    return this.#refused;
  }

  /** Nothing more is started, whatever comes of what runs. */
  refuse(reason: FinishReason): void {
    this.#refused ??= reason;
  }

  /** Why nothing more may start, or `null`. */
  closed(): FinishReason | null {
    if (this.#signals.now.aborted || this.#signals.drain.aborted) return "interrupted";
    // A start that was refused is not made up for: what was still running and succeeds does not take the reason away.
    if (this.#failuresInARow >= (this.#stop.failures ?? MOST_FAILURES)) this.refuse("failures");
    if (this.#refused !== null) return this.#refused;
    return stopStarts(this.#spending.totals(), this.#stop);
  }
}
