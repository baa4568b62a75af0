import type { Role, Usage } from "../model/call.ts";
import type { Evaluation } from "../model/evaluation.ts";
import type { Experiment } from "../model/experiment.ts";
import type { Hypothesis } from "../model/hypothesis.ts";
import type { JsonObject } from "../model/json.ts";
import type { RunTotals } from "../model/run.ts";
import type { Direction } from "../model/settings.ts";

/** The best hypothesis of a run, as `inspect` tells it. */
export interface BestData {
  readonly id: string;
  readonly label?: string | null;
  readonly score: number;
  readonly passed: boolean;
  readonly spec: JsonObject;
}

export interface MetricData {
  readonly name: string;
  readonly direction: Direction;
  readonly baseline?: number;
}

export interface InsightData {
  readonly id?: string;
  readonly iteration?: number;
  readonly finding: string;
  readonly recommendation?: string;
  readonly evidence?: readonly string[];
}

export interface SummaryData {
  readonly name: string;
  readonly runId: string;
  readonly status: string;
  readonly reason?: string;
  readonly workspace: string;
  readonly iterationsCompleted: number;
  readonly hypotheses: { readonly total: number; readonly scored: number; readonly failed: number };
  readonly best: BestData | null;
  readonly metric: MetricData;
  readonly totals: RunTotals;
  readonly insights: readonly InsightData[];
}

export interface HypothesisData {
  readonly id: string;
  readonly label?: string | null;
  readonly score: number | null;
  readonly passed: boolean;
  readonly status: string;
  readonly reason?: string | null;
  /** Whether it counts for the best. */
  readonly counts: boolean;
  readonly spec: JsonObject;
}

export interface ShowData {
  readonly hypothesis: Hypothesis;
  readonly experiment?: Experiment | null;
  readonly evaluation?: Evaluation | null;
}

export interface CallData {
  readonly id: string;
  readonly role: Role;
  readonly runner: string;
  readonly model?: string;
  readonly state: string;
  readonly attempts: number;
  readonly usage?: Usage;
  readonly durationMs?: number;
}
