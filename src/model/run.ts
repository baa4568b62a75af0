import { ANY, type ObjectSchema, TIMESTAMP, TOKENS, US_DOLLARS } from "../schema/dialect.ts";
import type { HypothesisId } from "./ids.ts";
import { type SettingChange, settingChangesSchema } from "./iteration.ts";
import type { JsonObject } from "./json.ts";

/** The workspace format this AURA writes. Any other is refused. */
export const WORKSPACE_FORMAT = 1;

export const RUN_STATUSES = ["created", "running", "paused", "interrupted", "finished", "failed"] as const;
export type RunStatus = (typeof RUN_STATUSES)[number];

export const FINISH_REASONS = [
  "iterations",
  "hypotheses",
  "patience",
  "target",
  "wall-clock",
  "tokens",
  "cost",
  "exhausted",
  "failures",
  "no-proposals",
  "nothing-scored",
  "interrupted",
  "paused",
  "error",
] as const;
/** Why a run ended: the stop condition that was reached, or what cut it short. */
export type FinishReason = (typeof FINISH_REASONS)[number];

/** What has been used so far; never goes down, over any number of resumes. */
export interface RunTotals {
  readonly hypotheses: number;
  readonly trials: number;
  readonly calls: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly costUsd: number;
  /** Milliseconds in which a process was working on the run. */
  readonly activeMs: number;
}

export const NO_TOTALS: RunTotals = {
  hypotheses: 0,
  trials: 0,
  calls: 0,
  inputTokens: 0,
  outputTokens: 0,
  costUsd: 0,
  activeMs: 0,
};

export interface BestSoFar {
  readonly id: HypothesisId;
  readonly score: number;
}

/** A read-only data file or folder as it was when the run started. */
export interface InputRecord {
  readonly path: string;
  readonly size: number;
  readonly modifiedAt: string;
  /** Of a folder one over all in it: names, contents, links and what they lead to, empty folders. */
  readonly sha256: string;
}

/** Something that a spec takes from elsewhere, known again by its hash. */
export interface SourceRecord {
  /** Where in the spec it is named, such as `researcher.prompt_file`. */
  readonly path: string;
  /** The file as the spec names it, or `${VAR}`. */
  readonly name: string;
  /** Of a file its SHA-256; of a value a few salted digits that do not give it away. */
  readonly hash: string;
}

/** Which files of the user's project a run takes in. */
export interface ProjectScope {
  /** The tracked artifacts, in normal form. */
  readonly tracked: readonly string[];
  /** What else trials' copies hold, as patterns; `null`: what git tracks. */
  readonly patterns: readonly string[] | null;
  /** Inputs inside the project: data that is no part of a state. */
  readonly inputs: readonly string[];
}

/** The user's files as they were read at the start. */
export interface TakenProject {
  /** Snapshot of what trials' copies hold besides the tracked artifacts. */
  readonly files: string;
  /** Snapshot of the tracked artifacts. */
  readonly artifacts: string;
  /** Absolute path of the folder they were read from. */
  readonly root: string;
  readonly scope: ProjectScope;
}

/** Settings that were changed between two lives of a run, and the iteration from which on they count. */
export interface RecordedChanges {
  readonly from: number;
  readonly fields: readonly SettingChange[];
}

/** The first change of a field after an iteration: before it the field was as that says. */
export function changedAfter(
  changes: readonly RecordedChanges[],
  path: string,
  iteration: number,
): SettingChange | undefined {
  const later = changes.filter(({ from }) => from > iteration);
  return later.flatMap(({ fields }) => fields).find((field) => field.path === path);
}

/** `run.json`: what this run is and how far it got. */
export interface RunManifest {
  readonly format: number;
  readonly runId: string;
  readonly name: string;
  readonly status: RunStatus;
  readonly reason?: FinishReason;
  readonly createdAt: string;
  readonly updatedAt: string;
  readonly seed: number;
  /** Hash of the settings that scores depend on, defaults filled in and `${VAR}` unexpanded. */
  readonly specHash: string;
  readonly auraVersion: string;
  readonly iterationsCompleted: number;
  readonly best: BestSoFar | null;
  readonly totals: RunTotals;
  readonly inputs: readonly InputRecord[];
  /** Prompt files, modules and values of variables as they were when the run was last gone on with. */
  readonly sources?: readonly SourceRecord[];
  /** What was taken in of the user's files, for trials that run in their own copies. */
  readonly project?: TakenProject;
  /** `--set` and its like, as `path: value`; they persist over resumes. */
  readonly overrides: JsonObject;
  /** The spec's file, relative to the workspace; absent for a run written in code. */
  readonly specFile?: string;
  /** The spec as the run last went by it, defaults filled in, `${VAR}` unexpanded: what a changed spec is compared with. */
  readonly spec: JsonObject;
  /** What was changed in it, oldest first. Default: nothing. */
  readonly changes?: readonly RecordedChanges[];
}

const TEXT = { type: "string" } as const;
const COUNTER = { type: "number", minimum: 0 } as const;
const TEXTS = { type: "array", items: TEXT } as const;

export const bestSoFarSchema = {
  type: "object",
  properties: {
    id: { type: "string", description: "Id of the hypothesis." },
    score: { type: "number", description: "In the metric's own units." },
  },
  required: ["id", "score"],
  additionalProperties: false,
} as const satisfies ObjectSchema;

export const totalsSchema = {
  type: "object",
  description: "What has been used so far; never goes down.",
  properties: {
    hypotheses: COUNTER,
    trials: COUNTER,
    calls: COUNTER,
    inputTokens: TOKENS,
    outputTokens: TOKENS,
    costUsd: US_DOLLARS,
    activeMs: {
      type: "number",
      minimum: 0,
      description: "Milliseconds in which a process was working on the run.",
    },
  },
  required: ["hypotheses", "trials", "calls", "inputTokens", "outputTokens", "costUsd", "activeMs"],
  additionalProperties: false,
} as const satisfies ObjectSchema;

export const manifestSchema = {
  type: "object",
  description: "What a run is and how far it got: run.json",
  properties: {
    format: { type: "integer", minimum: 1 },
    runId: { type: "string", pattern: "^[a-z0-9]{4,64}$" },
    name: TEXT,
    status: { enum: RUN_STATUSES },
    reason: { enum: FINISH_REASONS },
    createdAt: TIMESTAMP,
    updatedAt: TIMESTAMP,
    seed: { type: "integer", minimum: 0 },
    specHash: TEXT,
    auraVersion: TEXT,
    iterationsCompleted: { type: "integer", minimum: 0 },
    best: { anyOf: [bestSoFarSchema, { type: "null" }] },
    totals: totalsSchema,
    inputs: {
      type: "array",
      items: {
        type: "object",
        properties: {
          path: TEXT,
          size: { type: "number", minimum: 0, description: "Bytes." },
          modifiedAt: TIMESTAMP,
          sha256: TEXT,
        },
        required: ["path", "size", "modifiedAt", "sha256"],
        additionalProperties: false,
      },
    },
    sources: {
      type: "array",
      items: {
        type: "object",
        properties: { path: TEXT, name: TEXT, hash: TEXT },
        required: ["path", "name", "hash"],
        additionalProperties: false,
      },
    },
    project: {
      type: "object",
      properties: {
        files: TEXT,
        artifacts: TEXT,
        root: TEXT,
        scope: {
          type: "object",
          properties: { tracked: TEXTS, patterns: { anyOf: [TEXTS, { type: "null" }] }, inputs: TEXTS },
          required: ["tracked", "patterns", "inputs"],
          additionalProperties: false,
        },
      },
      required: ["files", "artifacts", "root", "scope"],
      additionalProperties: false,
    },
    overrides: {
      type: "object",
      description: "`--set` and its like, by path: open, the values are those of a spec.",
      additionalProperties: ANY,
    },
    specFile: TEXT,
    spec: {
      type: "object",
      description: "The spec as the run last went by it: open here, run-spec.schema.json says what is in it.",
      additionalProperties: ANY,
    },
    changes: {
      type: "array",
      items: {
        type: "object",
        properties: { from: { type: "integer", minimum: 0, description: "Iteration." }, fields: settingChangesSchema },
        required: ["from", "fields"],
        additionalProperties: false,
      },
    },
  },
  required: [
    "format",
    "runId",
    "name",
    "status",
    "createdAt",
    "updatedAt",
    "seed",
    "specHash",
    "auraVersion",
    "iterationsCompleted",
    "best",
    "totals",
    "inputs",
    "overrides",
    "spec",
  ],
  additionalProperties: false,
} as const satisfies ObjectSchema;
