import type { Role } from "../model/call.ts";
import type { Evaluation } from "../model/evaluation.ts";
import type { Experiment } from "../model/experiment.ts";
import type { Edit, Hypothesis } from "../model/hypothesis.ts";
import type { HypothesisId, TrialId } from "../model/ids.ts";
import type { Insight } from "../model/insight.ts";
import type { RefusedProposal } from "../model/iteration.ts";
import type { JsonObject } from "../model/json.ts";
import type {
  AttemptUsage,
  EnvironmentRecord,
  Failure,
  FinishedTrial,
  TrialOutcome,
  TrialStep,
} from "../model/trial.ts";
import type { DevicePool } from "./devices.ts";
import type { LogFiles, ProcessIdentity, Rng } from "./effects.ts";
import type { RunContext } from "./run-context.ts";
import type { Judged, Runner, RunnerReply } from "./runner.ts";

export type { ArtifactsView, RunContext, ScoringTerms, WorkspaceView } from "./run-context.ts";

/** One scored hypothesis of a finished iteration, small enough to keep in memory for every one of a long run. */
export interface HistoryEntry {
  readonly id: HypothesisId;
  readonly iteration: number;
  readonly label?: string;
  readonly spec: JsonObject;
  readonly score: number | null;
  readonly passed: boolean;
  /** Why there is no score; empty when there is one. */
  readonly reason: string;
  /** Its evaluator said no: it is never the best. */
  readonly vetoed?: boolean;
  readonly feedback?: string;
  readonly metrics?: Readonly<Record<string, number>>;
  readonly parents?: readonly HypothesisId[];
  readonly operator?: string;
  readonly island?: number;
  /** It brought a state of the artifacts of its own: by its edits, or captured from what its trial left. */
  readonly hasEdits: boolean;
  /** Snapshot of the artifacts it ran with. */
  readonly state?: string;
}

/**
 * What happened in finished iterations, ordered by id. Nothing of the iteration under way is in it, nor what the user
 * rolled back.
 */
export interface History {
  readonly entries: readonly HistoryEntry[];
  readonly best: HistoryEntry | null;
  /** How many count for `stop.hypotheses`: without the start, with what was rolled back. */
  readonly tried: number;
  /** Proposals that the previous iteration refused. */
  readonly refused: readonly RefusedProposal[];
  /** Insights of finished iterations that still stand, oldest first, cut to `insight_window`. */
  readonly insights: readonly Insight[];
}

/** A question to a model or an agent command, recorded and paid for once. */
export interface CallRequest extends Judged {
  readonly runner: Runner;
  readonly role: Role;
  readonly prompt: string;
  readonly hypothesisId?: HypothesisId;
  /** Which question of this stage it is, where a stage asks several (`vote-2`); letters, digits and dashes. */
  readonly part?: string;
  /** The n-th ask of this question; 1 is the first. Asking again after an unusable reply raises it. */
  readonly ask: number;
  /** Why it is asked again. */
  readonly because?: string;
  /** It only adds to what other calls of this stage bring: like a further ask, it is not sent once a budget is spent. */
  readonly additional?: boolean;
  /** Where a `command` runner works; the project's root by default. */
  readonly cwd?: string;
  /**
   * Milliseconds after which it is ended: `RunnerError` `failed`, caused by `TimeoutReached`. Once a request of it has
   * failed its provider is waited for, and it is not ended any more. Default: none.
   */
  readonly timeoutMs?: number | undefined;
}

/** Sends calls, or answers from the record of a call already made. Throws `RunnerError` `budget` for one that may not be sent. */
export interface Calls {
  ask(request: CallRequest): Promise<RunnerReply>;
}

/** What an attempt at a trial reports when it ends. */
export interface AttemptResult {
  readonly outcome: TrialOutcome;
  readonly steps: readonly TrialStep[];
}

/** A trial or a check that is to be run, or answered from its record. */
export interface TrialRequest {
  readonly hypothesis: Hypothesis;
  readonly kind: "trial" | "check";
  readonly index: number;
  readonly seed: number;
  /** `root`: the project itself. `copy`: the attempt's own copy of the project, with the hypothesis's edits. */
  readonly cwd: "root" | "copy";
  /** Keep what the trial left under the tracked artifacts as a snapshot, when it completes. */
  readonly capture: boolean;
  /** What runs it queues by itself: no slot is waited for. */
  readonly queues?: boolean;
  /** What runs it can go on with an attempt that a killed AURA left running. */
  readonly adopts?: boolean;
  /** It runs while no other trial, check or evaluator's command of the run does; what is asked for later waits. */
  readonly exclusive?: boolean;
  /** It gets so many of these for itself, and `CUDA_VISIBLE_DEVICES` names them. */
  readonly devices?: { readonly pool: DevicePool; readonly count: number };
}

/**
 * Runs trials so that each is recorded before it starts and after it ends, waits for a free slot, is retried as the
 * spec says, and is answered from its record when it has already run.
 */
export interface Trials {
  run(request: TrialRequest, attempt: (ctx: TrialContext) => Promise<AttemptResult>): Promise<FinishedTrial>;
  /**
   * Runs what is no trial, such as an evaluator's command: without a slot, but not while an `exclusive` trial runs.
   * `alone`: while nothing else does. Rejects with `Interrupted` when the run stops first.
   */
  beside<T>(task: () => Promise<T>, options?: { readonly alone?: boolean }): Promise<T>;
}

/** What is different in a copy of the project. */
export type CopyChanges =
  | {
      readonly ok: true;
      /** They make the base state what the copy holds under the tracked artifacts; empty when that is the base state. */
      readonly edits: readonly Edit[];
      /** Changed paths that are no artifacts: such changes count for nothing. At most a few, sorted. */
      readonly outside: readonly string[];
    }
  /** What was changed under the artifacts cannot be said as edits, or must not be. */
  | { readonly ok: false; readonly failure: Failure };

/** A copy of the project in the iteration's base state, for a program that edits files in place. */
export interface EditCopy {
  /** Absolute. */
  readonly dir: string;
  changes(): CopyChanges;
  remove(): void;
}

export interface EditCopies {
  /** Makes a copy; one of this name that a crash left behind is replaced. Letters, digits and dashes. */
  make(name: string): Promise<EditCopy>;
}

/** Why a proposal cannot become a hypothesis. */
export interface ProposalProblem {
  readonly reason: string;
  /** The lines of the file that come nearest to those which an edit names, with their numbers. */
  readonly nearest?: string;
  /** The edit that cannot be made, as it is recorded. */
  readonly edit?: string;
}

/** What a stage works with in one iteration: the run, what was found before, and the services that make it resumable. */
export interface StageContext extends RunContext {
  readonly iteration: number;
  readonly history: History;
  /** What the user said so far, oldest first. */
  readonly notes?: readonly string[];
  /** Proposals that this iteration refused; for its review. */
  readonly refused?: readonly RefusedProposal[];
  /** A stream of its own for this stage of this iteration. */
  readonly rng: Rng;
  readonly calls: Calls;
  readonly trials: Trials;
  /** Absent when the spec tracks no artifacts. */
  readonly copies?: EditCopies;
  /**
   * Whether edits can be made to the state of a hypothesis of the history, or else to the base: what is wrong if not.
   * Absent when the spec tracks no artifacts.
   */
  readonly proposalProblem?: (edits: readonly Edit[], base?: HypothesisId) => ProposalProblem | null;
}

/** What is known of something that runs, besides what it is known by. */
export interface RunningIn {
  /** The program and its arguments. */
  readonly command?: readonly string[];
  readonly environment?: EnvironmentRecord | undefined;
}

/** One attempt at one trial. */
export interface TrialContext extends StageContext {
  readonly trialId: TrialId;
  readonly hypothesisId: HypothesisId;
  readonly kind: "trial" | "check";
  readonly index: number;
  readonly attempt: number;
  /** Attempts before it that failed by the trial's own fault. Default 0. */
  readonly ownFailures?: number;
  readonly seed: number;
  readonly slot: number;
  /** The attempt's own folder, absolute; it exists and is empty. */
  readonly trialDir: string;
  /** Files for what it prints. */
  readonly logs: LogFiles;
  /** Where the command runs, absolute. */
  readonly cwd: string;
  /** File that holds all parameters as JSON, absolute. */
  readonly paramsFile: string;
  /** `AURA_*` variables of this attempt. */
  readonly env: Readonly<Record<string, string>>;
  /** Aborts when the run starts nothing more: what still waits in a queue of its own is taken out of it. */
  readonly drain?: AbortSignal;
  /** Whether anything of the run has a score so far. Default: yes. */
  readonly isScored?: () => boolean;
  /** The row of `cases` that it is about. */
  readonly case?: JsonObject;
  /** Value of `AURA_TRIAL`, by which leftovers of this attempt are known. */
  readonly marker: string;
  /**
   * Records what runs: a local process, which a later resume ends should this one die, or what an executor knows it by,
   * which is on the disk when this returns.
   */
  started(running: (ProcessIdentity | { readonly ref: JsonObject }) & RunningIn): void;
  /** Records what it used, once it has ended. */
  measured(usage: AttemptUsage): void;
  /** A folder beside its own, not there yet, for what a later AURA would go on with. */
  readonly running: string;
  /** What was recorded as running of this very attempt by an AURA that was killed: to be gone on with. */
  readonly adopt?: { readonly ref: JsonObject; readonly startedAtMs: number };
}

/** All that came of one hypothesis. */
export interface StageResults {
  readonly hypothesis: Hypothesis;
  readonly experiment: Experiment;
  readonly evaluation: Evaluation;
}
