import type { Evaluation } from "../model/evaluation.ts";
import type { Experiment } from "../model/experiment.ts";
import type { DeclaredParameters, Hypothesis, ParameterNames } from "../model/hypothesis.ts";
import type { HypothesisId, TrialId } from "../model/ids.ts";
import type { JsonObject } from "../model/json.ts";
import type { PriorRun } from "../model/prior.ts";
import type { InputRecord, RunTotals } from "../model/run.ts";
import type { RunSettings } from "../model/settings.ts";
import type { FinishedTrial } from "../model/trial.ts";
import type { Effects } from "./effects.ts";
import type { Emit } from "./events.ts";

/** Before a run: what a component has to look for the programs it needs. */
export interface ProbeContext {
  readonly settings: RunSettings;
  readonly effects: Effects;
  readonly signal: AbortSignal;
  /** Start and make nothing: what only that would tell stays unknown. */
  readonly onlyLook?: true;
  /** Tells of what takes a while. */
  readonly emit?: Emit;
}

/** Read access to records, for stages that need more than the history. Reads from disk each time. */
export interface WorkspaceView {
  readonly root: string;
  readHypothesis(id: HypothesisId): Hypothesis | null;
  readExperiment(id: HypothesisId): Experiment | null;
  readEvaluation(id: HypothesisId): Evaluation | null;
  readTrial(id: TrialId): FinishedTrial | null;
  /** Folder that an attempt at a trial could fill, absolute; it may have left none. */
  trialDir(id: TrialId, attempt: number): string;
}

/** The tracked artifacts a stage may look at: the base state of the iteration under way. */
export interface ArtifactsView {
  /** Files of a state, by path; `content` is `null` for a binary file or a link. */
  files(state: string): readonly { readonly path: string; readonly size: number; readonly content: string | null }[];
  /** Unified diff between two states. */
  diff(from: string, to: string): string;
  /** State the iteration under way starts from. */
  readonly base: string;
  /** State that the base was made from: the base of the iteration that its hypothesis was made in. */
  readonly parent: string;
  readonly start: string;
  /** The hypothesis whose state the base is. */
  readonly baseOf?: HypothesisId;
}

/** How hypotheses are run and scored, for prompts to tell: what the parts of a run say of themselves. */
export interface ScoringTerms {
  /** What runs for each trial, placeholders and all. */
  readonly command?: string;
  /** Where each trial asks a model: the prompt, a template that the hypothesis fills. */
  readonly prompt?: string;
  /** Longest that a trial may run. */
  readonly timeoutMs?: number;
  /** What else a trial may use, by the name of the limit. */
  readonly limits?: JsonObject;
  /** Repeats, of each case where there are cases. */
  readonly trials?: number;
  readonly cases?: number;
  /** What a trial leaves under the tracked artifacts is kept, and carried on with its hypothesis. */
  readonly capture?: boolean;
  /** Who or what gives the score, where that is no number that the command prints. */
  readonly scorer?: string;
  /** The commands that have to succeed before a trial runs. */
  readonly checks?: readonly string[];
}

/** The one object threaded through the run. */
export interface RunContext {
  readonly settings: RunSettings;
  readonly runId: string;
  /** Begins the marker (`AURA_TRIAL`) of every process of this run, by which a later resume finds those that are left. */
  readonly mark: string;
  readonly effects: Effects;
  readonly workspace: WorkspaceView;
  /** Absent when the spec tracks no artifacts. */
  readonly artifacts?: ArtifactsView;
  readonly inputs: readonly InputRecord[];
  /** What is known from earlier runs, the latest first. Absent where the run was started from none. It never counts. */
  readonly prior?: readonly PriorRun[];
  /** Variables that hold keys of model providers, besides those whose names say so; processes do not get them. */
  readonly keyVariables?: readonly string[];
  /** What the researcher's author says parameters can be. */
  readonly declared?: DeclaredParameters;
  /** What they are called, as far as that is said. */
  readonly parameters?: ParameterNames;
  /** Devices that trials have which outlived an AURA that was killed. */
  readonly takenDevices?: readonly string[];
  /** How hypotheses are run and scored, as far as that is known. */
  readonly scoring?: ScoringTerms;
  readonly totals: () => RunTotals;
  readonly emit: Emit;
  readonly signal: AbortSignal;
}
