import type { Role, Usage } from "../model/call.ts";
import type { Evaluation } from "../model/evaluation.ts";
import type { Experiment } from "../model/experiment.ts";
import type { Failed } from "../model/failed.ts";
import type { Hypothesis } from "../model/hypothesis.ts";
import type { HypothesisId, TrialId } from "../model/ids.ts";
import type { Insight } from "../model/insight.ts";
import type { CarriedState, RefusedProposal, SettingChange } from "../model/iteration.ts";
import type { BestSoFar, FinishReason, RunOrigin, RunTotals } from "../model/run.ts";
import type { Direction, StopSettings } from "../model/settings.ts";
import type { Failure, TrialOutcome } from "../model/trial.ts";
import type { ExitCode } from "./errors.ts";

export type Stage = "hypothesize" | "experiment" | "evaluate" | "review";

/** What a run is, as its first event tells it. */
export interface RunDescription {
  readonly runId: string;
  readonly name: string;
  readonly goal: string;
  readonly workspace: string;
  readonly resumed: boolean;
  /** The earlier run that it was started from. */
  readonly from?: RunOrigin;
  readonly seed: number;
  readonly metric: {
    readonly name: string;
    readonly direction: Direction;
    readonly baseline?: number;
    readonly target?: number;
  };
  readonly stop: StopSettings;
  readonly parallel: number;
  readonly best: BestSoFar | null;
  readonly totals: RunTotals;
  readonly iterationsCompleted: number;
}

/** Everything that can happen in a run. Each is emitted after the record it speaks of is on disk. */
export type AuraEventBody =
  // The run
  | ({ readonly type: "run.started" } & { readonly run: RunDescription })
  | {
      readonly type: "run.finished";
      readonly reason: FinishReason;
      readonly exitCode: ExitCode;
      readonly best: BestSoFar | null;
      readonly totals: RunTotals;
      readonly iterationsCompleted: number;
      readonly message?: string;
      /** The hypothesis that failed last, if one did. */
      readonly lastFailed?: Failed;
    }
  /** Settings are other than before this life of the run; they count from this iteration on. */
  | { readonly type: "settings.changed"; readonly from: number; readonly fields: readonly SettingChange[] }
  | { readonly type: "warning"; readonly code: string; readonly message: string; readonly hypothesisId?: HypothesisId }
  // The loop
  | { readonly type: "iteration.started"; readonly iteration: number; readonly base?: CarriedState }
  | { readonly type: "stage.started"; readonly stage: Stage; readonly iteration: number }
  | { readonly type: "hypothesis.proposed"; readonly hypothesis: Hypothesis; readonly iteration: number }
  | { readonly type: "proposal.refused"; readonly iteration: number; readonly refused: RefusedProposal }
  | { readonly type: "experiment.finished"; readonly experiment: Experiment; readonly iteration: number }
  | {
      readonly type: "evaluation.scored";
      readonly evaluation: Evaluation;
      readonly iteration: number;
      readonly best: BestSoFar | null;
    }
  | { readonly type: "best.improved"; readonly best: BestSoFar; readonly previous: BestSoFar | null }
  | { readonly type: "insight.recorded"; readonly insight: Insight }
  | {
      readonly type: "iteration.finished";
      readonly iteration: number;
      readonly hypotheses: number;
      readonly failed: number;
      readonly best: BestSoFar | null;
      readonly improved: boolean;
      readonly carried?: CarriedState;
      readonly failure?: Failure;
      readonly totals: RunTotals;
    }
  | { readonly type: "snapshot.taken"; readonly snapshot: string; readonly hypothesisId: HypothesisId }
  // Trials and calls
  | {
      readonly type: "trial.started";
      readonly trialId: TrialId;
      readonly hypothesisId: HypothesisId;
      readonly attempt: number;
      readonly slot: number;
    }
  /** Line of a running trial's output; never persisted, it is in the trial's log. */
  | {
      readonly type: "trial.output";
      readonly trialId: TrialId;
      readonly stream: "stdout" | "stderr";
      readonly line: string;
    }
  | {
      readonly type: "trial.finished";
      readonly trialId: TrialId;
      readonly hypothesisId: HypothesisId;
      readonly attempt: number;
      readonly outcome: TrialOutcome;
      readonly durationMs: number;
      /** Another attempt follows. */
      readonly retrying: boolean;
    }
  | { readonly type: "call.started"; readonly callId: string; readonly role: Role; readonly iteration: number }
  | {
      readonly type: "call.finished";
      readonly callId: string;
      readonly role: Role;
      readonly usage?: Usage;
      readonly durationMs: number;
      readonly reused: boolean;
    }
  | {
      readonly type: "call.failed";
      readonly callId: string;
      readonly role: Role;
      readonly failure: Failure;
      /** What it used all the same. */
      readonly usage?: Usage;
      readonly retrying: boolean;
    };

/** An event as sinks get it: when it happened and its place in this process's order. */
export type AuraEvent = AuraEventBody & { readonly at: string; readonly seq: number };
export type AuraEventType = AuraEvent["type"];

/** Observers: called synchronously and in order; one that throws is reported once and dropped, the run goes on. */
export type EventSink = (event: AuraEvent) => void;
export type Emit = (event: AuraEventBody) => void;
