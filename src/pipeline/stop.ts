import type { FinishReason, RunTotals } from "../model/run.ts";
import type { MetricSettings, StopSettings } from "../model/settings.ts";

/** What stop rules may look at: all of it is in the records, so a resumed run stops where an undisturbed one would. */
export interface Progress {
  readonly iterationsCompleted: number;
  /** Hypotheses proposed; the start is not one. */
  readonly hypotheses: number;
  readonly iterationsSinceImprovement: number;
  /** The best score that counts; `min_delta` has no say in it. */
  readonly topScore: number | null;
  readonly exhausted: boolean;
  readonly failuresInARow: number;
  readonly iterationsWithoutProposal: number;
  readonly totals: RunTotals;
}

/** Iterations in a row without a usable proposal that end a run. */
const MAX_EMPTY_ITERATIONS = 3;

/** The first stop condition that holds between iterations, or `null`. */
export function stopBetweenIterations(
  progress: Progress,
  stop: StopSettings,
  metric: MetricSettings,
): FinishReason | null {
  if (progress.failuresInARow >= stop.failures) return "failures";
  if (progress.iterationsWithoutProposal >= MAX_EMPTY_ITERATIONS) return "no-proposals";
  if (reachedTarget(progress.topScore, metric)) return "target";
  if (stop.iterations !== undefined && progress.iterationsCompleted >= stop.iterations) return "iterations";
  if (stop.hypotheses !== undefined && progress.hypotheses >= stop.hypotheses) return "hypotheses";
  if (stop.patience !== undefined && progress.iterationsSinceImprovement >= stop.patience) return "patience";
  if (progress.exhausted) return "exhausted";
  return stopStarts(progress.totals, stop);
}

/** The spent budget after which nothing more is started, or `null`; what runs is finished and scored. */
export function stopStarts(totals: RunTotals, stop: StopSettings): FinishReason | null {
  if (stop.wallClockMs !== undefined && totals.activeMs >= stop.wallClockMs) return "wall-clock";
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
