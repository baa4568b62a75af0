import type { Evaluation } from "../model/evaluation.ts";
import type { Experiment } from "../model/experiment.ts";
import type { DeclaredParameters, Edit, Hypothesis, ParameterNames } from "../model/hypothesis.ts";
import type { HypothesisId } from "../model/ids.ts";
import type { RefusedProposal } from "../model/iteration.ts";
import type { JsonObject, JsonValue } from "../model/json.ts";
import type { MetricSettings, RunSettings } from "../model/settings.ts";
import type { EnvironmentRecord, Failure, FinishedTrial, TrialStep } from "../model/trial.ts";
import type { ScoringTerms, StageContext, StageResults, TrialContext } from "./context.ts";
import type { Files, ProcessEnd } from "./effects.ts";
import type { ProbeContext } from "./run-context.ts";
import type { Lifecycle } from "./runner.ts";
import type { Command, Starter, TrialPlace } from "./starter.ts";

export type { ProbeContext } from "./run-context.ts";
export type { Judged, Lifecycle, LlmCall, Runner, RunnerContext, RunnerReply, RunnerRequest } from "./runner.ts";
export type { Command, Ended, Handle, Job, Starter, TrialPlace, View } from "./starter.ts";

// ---- The four stages

/** A hypothesis before it has an id. */
export interface Proposal {
  readonly label?: string;
  readonly spec: JsonObject;
  readonly edits?: readonly Edit[];
  readonly rationale?: string;
  readonly metadata?: JsonObject;
  /** The hypothesis whose state it starts from, one of the history. Default: the state carried on. */
  readonly base?: HypothesisId;
}

/** What a researcher answers. */
export interface Proposals {
  /** In the order they are to run. More than `count` are cut unless it is open-ended, repeats of earlier ones dropped, by the loop. */
  readonly proposals: readonly Proposal[];
  /** Items the researcher itself refused, such as one outside the search space. */
  readonly refused?: readonly RefusedProposal[];
  /** There is nothing left to propose after these: the run ends with them. */
  readonly exhausted?: boolean;
  /** Why there is no usable proposal. */
  readonly failure?: Failure;
}

/** Proposes hypotheses. */
export interface Researcher extends Lifecycle {
  /** How many hypotheses an iteration asks for. */
  readonly numTasks: number;
  /**
   * It may propose more than it is asked for: it does not know beforehand how many it has. All of it runs, as far as
   * `stop.hypotheses` goes. Default: what is more is cut.
   */
  readonly isOpenEnded?: boolean;
  /** Model calls it makes for so many hypotheses, when every reply is usable. */
  callsFor?(hypotheses: number): number;
  /** What its author says parameters can be; it proposes nothing else. Such values may be options of a command. */
  readonly declared?: DeclaredParameters;
  /** What its author says parameters are called. Default: nothing is said, and there may be any. */
  readonly parameters?: ParameterNames;
  /** Declared when the same context always gives the same proposals, or none can be repeated. */
  hypothesize(ctx: StageContext & { readonly count: number }): Promise<Proposals>;
}

/** Runs a hypothesis: its checks and its trials, reduced to one summary. */
export interface Experimenter extends Lifecycle {
  /** Files that only it may see, absolute or relative to the project: it tells a trial what of them it is about. */
  readonly inputs?: readonly string[];
  /** Whether it takes all hypotheses of an iteration at once, since what it runs them with has a queue of its own. */
  readonly queues?: boolean;
  /** How it runs a hypothesis, for prompts to tell. */
  readonly terms?: ScoringTerms;
  /** Trials of each hypothesis: its repeats, of each of its cases. Throws `SpecError` for cases that cannot be read. Default: 1. */
  trialsEach?(root: string, files: Pick<Files, "readText">): number;
  /** What of the settings does not hold, the way it runs trials. A run warns of it, and who looks at its spec is told. */
  warnings?(settings: RunSettings): readonly TrialWarning[];
  /** What makes one summary of a hypothesis's trials. */
  readonly aggregator?: Aggregator | undefined;
  /** A command of a trial or a check as it is really started, for a dry run. */
  wrap?(command: Command, place: TrialPlace): Command;
  /** Looks for what it needs, before anything is written or spent. Throws `ToolMissingError`. */
  probe?(ctx: ProbeContext): Promise<void>;
  runExperiment(hypothesis: Hypothesis, ctx: StageContext): Promise<Experiment>;
}

/** Scores experiments. */
export interface Evaluator extends Lifecycle {
  /** Files and folders that only it may see, absolute or relative to the project: no trial, no sandbox, no prompt has them. */
  readonly inputs?: readonly string[];
  /** Which number this evaluator scores by, for pipelines written in code that do not say so themselves. */
  readonly metric?: Partial<MetricSettings>;
  /** How it comes to a score, for prompts to tell. */
  readonly terms?: ScoringTerms;
  /** Model calls it makes for so many hypotheses, when every reply is usable. */
  callsFor?(hypotheses: number): number;
  /** Looks for what it needs, before anything is written or spent. Throws `ToolMissingError`. */
  probe?(ctx: ProbeContext): Promise<void>;
  evaluate(hypothesis: Hypothesis, experiment: Experiment, ctx: StageContext): Promise<Evaluation>;
}

/** An insight before it has an id. */
export interface Finding {
  readonly finding: string;
  readonly recommendation?: string;
  readonly evidence?: readonly HypothesisId[];
  /** Ids of insights of the history that do not stand any more: this one does in their place. */
  readonly replaces?: readonly string[];
  /** Ids of insights that do not stand any more; `finding` says why, and is no finding itself. */
  readonly retracts?: readonly string[];
}

/** Distils findings from a finished batch. */
export interface Reviewer extends Lifecycle {
  review(batch: readonly StageResults[], ctx: StageContext): Promise<readonly Finding[]>;
}

// ---- The parts of an experimenter that runs trials

/** An environment that is ready for commands to run in. */
export interface PreparedEnvironment {
  /** The command as it runs inside this environment. */
  wrap(command: Command): Command;
  /** Absolute folders that have to be seen for that, besides those of the system. Default: none. */
  readonly libraries?: readonly string[];
  /** What it is, for the records of those who run in it: interpreter, versions. Default: nothing special. */
  readonly description?: EnvironmentRecord;
  /** Takes away what was made for this attempt alone, once that has ended. Default: nothing was. */
  remove?(): void | Promise<void>;
}

/** Where a command finds its interpreter and libraries. */
export interface ExecutionEnvironment extends Lifecycle {
  /** Looks for what it needs, before anything is written or spent. Throws `ToolMissingError`. */
  probe?(ctx: ProbeContext): Promise<void>;
  prepare(hypothesis: Hypothesis, ctx: TrialContext): Promise<PreparedEnvironment>;
  /** Commands find what is on PATH and nothing else: a sandbox has to show that. */
  readonly addsNothing?: true;
  /** How commands are started in it, where that is not as local processes: in a container. */
  readonly starter?: Starter;
  /** Why a command would not find this program in it; `null` when it does. Without it, nothing is looked for. */
  missing?(program: string, ctx: ProbeContext): Promise<string | null>;
}

/** What a trial left, before anything is read out of it. */
export type RawResult =
  | {
      readonly kind: "process";
      readonly end: ProcessEnd;
      readonly exitCode: number | null;
      readonly signal: string | null;
      readonly message?: string;
      readonly stdoutTail: string;
      readonly stderrTail: string;
      readonly durationMs: number;
      /** What a streaming reader of the output found, in the order it came. */
      readonly lines: OutputLines;
    }
  | { readonly kind: "value"; readonly value: JsonValue; readonly steps: readonly TrialStep[] }
  | {
      readonly kind: "failure";
      readonly status: "failed" | "timeout" | "cancelled" | "spawn-error" | "lost";
      readonly failure: Failure;
    };

/** Lines of stdout kept for collectors: every one that could carry a metric, bounded in number and length. */
export interface OutputLines {
  readonly stdout: readonly { readonly text: string; readonly observedAt: string }[];
  /** Lines were left out because there were too many. */
  readonly truncated: boolean;
}

/** Something to know about how trials run, before they do. */
export interface TrialWarning {
  /** Stable. */
  readonly code: string;
  readonly message: string;
}

/** Runs one trial of a hypothesis. */
export interface Executor extends Lifecycle {
  /** Where the command runs when nothing else decides it. */
  readonly cwd: "root" | "copy";
  /** It goes on, in a resume, with attempts that a killed AURA left running. */
  readonly adopts?: boolean;
  /** How it starts commands. Absent when it runs no commands, but functions: checks are local processes then. */
  readonly starter?: Starter;
  /** What it runs, for prompts to tell. */
  readonly terms?: ScoringTerms;
  /** What of the settings does not hold, the way it runs trials. A run warns of it, and who looks at its spec is told. */
  warnings?(settings: RunSettings): readonly TrialWarning[];
  /** From now on commands are started this way, by their environment. Throws `SpecError` where that does not go together. */
  startBy?(starter: Starter): void;
  /** Throws `SpecError` where it uses a field that none of the cases has, of those that some have. */
  checkCases?(fields: readonly string[]): void;
  /** Runs one attempt: of the trial, or with a `starter` of the check, that the context is about. */
  run(hypothesis: Hypothesis, environment: PreparedEnvironment, ctx: TrialContext): Promise<RawResult>;
  /** Looks for the programs that its command and the checks need. Throws `ToolMissingError`. */
  probe?(environment: ExecutionEnvironment, ctx: ProbeContext): Promise<void>;
}

/** What a collector has read out of a trial. */
export interface Collected {
  readonly output: JsonValue;
  readonly steps: readonly TrialStep[];
}

/** What a collector gives: metrics, or why there are none. */
export type Collection = Collected | { readonly failure: Failure; readonly steps?: readonly TrialStep[] };

/** Reads a trial's metrics out of what it left. Throws nothing for bad output: `failure` says what is wrong. */
export interface Collector extends Lifecycle {
  collect(raw: RawResult, hypothesis: Hypothesis, ctx: TrialContext): Promise<Collection>;
}

/** Reduces the completed trials of one hypothesis to one summary. Pure. */
export interface Aggregator {
  aggregate(trials: readonly FinishedTrial[]): JsonObject | null;
  /** Why there is no summary of trials that completed: the experiment has failed, with this as its reason. */
  whyNone?(trials: readonly FinishedTrial[]): string;
  /** Why nothing of this name in its summaries is ever a number, whatever trials report. Default: `null`, it may be. */
  whyNever?(metric: string): string | null;
}
