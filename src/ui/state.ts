import type { RunDescription, Stage } from "../kernel/events.ts";
import type { Role } from "../model/call.ts";
import type { HypothesisId, TrialId } from "../model/ids.ts";
import { type FinishReason, NO_TOTALS, type RunTotals } from "../model/run.ts";
import type { Parameter } from "../text/numbers.ts";

/** Most hypotheses the dashboard keeps; older ones leave the table, the counts stay. */
export const MAX_ROWS = 1000;
/** Most insights and warnings kept. */
export const MAX_NOTES = 20;

export type RowStatus = "waiting" | "running" | "evaluating" | "scored" | "failed" | "unfinished";

/** One line of the hypotheses table. Texts are safe for a terminal and bounded. */
export interface HypothesisRow {
  readonly id: HypothesisId;
  readonly label?: string;
  readonly parameters: readonly Parameter[];
  readonly status: RowStatus;
  readonly score: number | null;
  readonly passed: boolean;
  /** Why it has no score, or the evaluator's reason. */
  readonly note: string;
}

export interface RunningTrial {
  readonly trialId: TrialId;
  readonly attempt: number;
  readonly slot: number;
  readonly startedAt: string;
  /** The last line it wrote, as it came (bounded, not yet safe to show), or `null`. */
  readonly lastLine: string | null;
}

export interface PendingCall {
  readonly callId: string;
  readonly role: Role;
  readonly startedAt: string;
}

export interface BestView {
  readonly id: HypothesisId;
  readonly score: number;
  readonly label?: string;
  readonly parameters: readonly Parameter[];
  /** Score of the best before it; absent for the first. */
  readonly before?: number;
}

/** Best score after each scored hypothesis, thinned so that it never grows past 256 points. */
export interface BestHistory {
  readonly points: readonly number[];
  /** Every how many scored hypotheses a point is kept. */
  readonly stride: number;
  readonly seen: number;
}

export interface InsightView {
  readonly id: string;
  readonly iteration: number;
  readonly finding: string;
  readonly recommendation: string;
}

/** Everything the dashboard shows, as told by events alone. */
export interface DashboardState {
  readonly run: RunDescription | null;
  /** When this process took up the run, less the time that stood still. */
  readonly since: string | null;
  readonly iteration: number | null;
  readonly stage: Stage | null;
  /** What takes a while before the run begins. */
  readonly preparing: string | null;
  /** What was asked of it from elsewhere and holds it up. */
  readonly held: "stop" | "pause" | null;
  /** Since when its time stands still: it is paused and nothing runs. */
  readonly stillSince: string | null;
  readonly iterationsCompleted: number;
  /** Of the iteration under way. */
  readonly batch: { readonly proposed: number; readonly evaluated: number };
  readonly totals: RunTotals;
  readonly counts: {
    readonly proposed: number;
    readonly scored: number;
    readonly failed: number;
    readonly passed: number;
    readonly refused: number;
    readonly warnings: number;
  };
  readonly best: BestView | null;
  readonly history: BestHistory;
  /** Lowest and highest score so far. */
  readonly range: readonly [number, number] | null;
  readonly running: readonly RunningTrial[];
  readonly calls: readonly PendingCall[];
  /** Oldest first. */
  readonly rows: readonly HypothesisRow[];
  /** The hypothesis that failed last, and the last lines of what it printed. */
  readonly failed: { readonly id: HypothesisId; readonly reason: string; readonly lines: readonly string[] } | null;
  /** Oldest first. */
  readonly insights: readonly InsightView[];
  readonly warnings: readonly string[];
  /** What was last said of a provider that is waited for. */
  readonly waiting: string | null;
  readonly finished: {
    readonly reason: FinishReason;
    readonly exitCode: number;
    readonly message: string;
  } | null;
}

/** The dashboard before the first event. */
export const INITIAL_STATE: DashboardState = {
  run: null,
  since: null,
  iteration: null,
  stage: null,
  preparing: null,
  held: null,
  stillSince: null,
  iterationsCompleted: 0,
  batch: { proposed: 0, evaluated: 0 },
  totals: NO_TOTALS,
  counts: { proposed: 0, scored: 0, failed: 0, passed: 0, refused: 0, warnings: 0 },
  best: null,
  history: { points: [], stride: 1, seen: 0 },
  range: null,
  running: [],
  calls: [],
  rows: [],
  failed: null,
  insights: [],
  warnings: [],
  waiting: null,
  finished: null,
};
