import { ANY, TIMESTAMP, TOKENS, US_DOLLARS } from "../schema/dialect.ts";
import { exactly } from "../schema/exactly.ts";
import type { Infer } from "../schema/infer.ts";
import { carriedStateSchema, type SettingChange, settingChangesSchema } from "./iteration.ts";
import { TEXT } from "./vocabulary.ts";

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
  "failed-alike",
  "start-failed",
  "no-proposals",
  "nothing-scored",
  "interrupted",
  "paused",
  "error",
] as const;
/** Why a run ended: the stop condition that was reached, or what cut it short. */
export type FinishReason = (typeof FINISH_REASONS)[number];

const COUNTER = { type: "number", minimum: 0 } as const;
const TEXTS = { type: "array", items: TEXT } as const;
const HYPOTHESIS_ID = { type: "string", pattern: "^i[0-9]{5,}-h[0-9]{3,}$" } as const;

export const bestSoFarSchema = exactly({
  id: { type: "string", description: "Id of the hypothesis." },
  score: { type: "number", description: "In the metric's own units." },
});
/** The best hypothesis, by its id and score. */
export type BestSoFar = Infer<typeof bestSoFarSchema>;

export const totalsSchema = {
  description: "What has been used so far; never goes down.",
  ...exactly({
    hypotheses: COUNTER,
    trials: COUNTER,
    calls: COUNTER,
    inputTokens: TOKENS,
    outputTokens: TOKENS,
    costUsd: { ...US_DOLLARS, description: "US dollars, of the calls whose price is known." },
    unpriced: { ...COUNTER, description: "How many of the calls have a price that nobody told." },
    activeMs: {
      type: "number",
      minimum: 0,
      description: "Milliseconds in which a process was working on the run.",
    },
  }),
} as const;
/** What has been used so far; never goes down, over any number of resumes. */
export type RunTotals = Infer<typeof totalsSchema>;

export const NO_TOTALS: RunTotals = {
  hypotheses: 0,
  trials: 0,
  calls: 0,
  inputTokens: 0,
  outputTokens: 0,
  costUsd: 0,
  unpriced: 0,
  activeMs: 0,
};

const inputSchema = exactly(["how"], {
  path: TEXT,
  size: { type: "number", minimum: 0, description: "Bytes." },
  modifiedAt: TIMESTAMP,
  sha256: {
    type: "string",
    description: "Of a folder one over all in it: names, contents, links and what they lead to, empty folders.",
  },
  how: {
    enum: ["sampled"],
    description:
      "Of a large input: its hash is over the size, the time and samples of each file, not over all contents.",
  },
});
/** A read-only data file or folder as it was when the run started. */
export type InputRecord = Infer<typeof inputSchema>;

const sourceSchema = exactly({
  path: { type: "string", description: "Where in the spec it is named, such as `researcher.prompt_file`." },
  name: { type: "string", description: "The file as the spec names it, or `${VAR}`." },
  hash: {
    type: "string",
    description: "Of a file its SHA-256; of a value a few salted digits that do not give it away.",
  },
});
/** Something that a spec takes from elsewhere, known again by its hash. */
export type SourceRecord = Infer<typeof sourceSchema>;

const projectSchema = exactly(["start"], {
  files: { type: "string", description: "Snapshot of what trials' copies hold besides the tracked artifacts." },
  artifacts: { type: "string", description: "Snapshot of the tracked artifacts." },
  start: { type: "string", description: "Snapshot that the run starts from, where that is of an earlier run." },
  root: { type: "string", description: "Absolute path of the folder they were read from." },
  readAt: TIMESTAMP,
  scope: exactly({
    tracked: { type: "array", items: TEXT, description: "The tracked artifacts, in normal form." },
    patterns: {
      anyOf: [TEXTS, { type: "null" }],
      description: "What else trials' copies hold; `null`: what git tracks.",
    },
    inputs: {
      type: "array",
      items: TEXT,
      description: "Inputs inside the project: data that is no part of a state.",
    },
  }),
});
/** The user's files as they were read at the start. */
export type TakenProject = Infer<typeof projectSchema>;
/** Which files of the user's project a run takes in. */
export type ProjectScope = TakenProject["scope"];

export const originSchema = {
  description: "The earlier run that this one was started from (`run --from`).",
  ...exactly(["state", "tracked"], {
    workspace: { type: "string", description: "Absolute path of its workspace at that time; it may be gone." },
    runId: TEXT,
    hypotheses: { type: "integer", minimum: 0, description: "How many finished hypotheses are known of earlier runs." },
    state: { ...carriedStateSchema, description: "The state of its artifacts that this run starts from." },
    tracked: { ...TEXTS, description: "The artifacts that it tracked: of these the state is one." },
  }),
} as const;
/** Where a run comes from that was started from another. */
export type RunOrigin = Infer<typeof originSchema>;

const changesSchema = exactly({
  from: { type: "integer", minimum: 0, description: "Iteration." },
  fields: settingChangesSchema,
});
/** Settings that were changed between two lives of a run, and the iteration from which on they count. */
export type RecordedChanges = Infer<typeof changesSchema>;

/** The first change of a field after an iteration: before it the field was as that says. */
export function changedAfter(
  changes: readonly RecordedChanges[],
  path: string,
  iteration: number,
): SettingChange | undefined {
  const later = changes.filter(({ from }) => from > iteration);
  return later.flatMap(({ fields }) => fields).find((field) => field.path === path);
}

const standingSchema = {
  description: "How the hypotheses stood when the run last ended or stopped, so that nobody has to read each of them.",
  ...exactly({
    total: COUNTER,
    scored: COUNTER,
    failed: { ...COUNTER, description: "Evaluated, without a score." },
    best: {
      anyOf: [exactly({ id: HYPOTHESIS_ID, score: { type: "number" }, passed: { type: "boolean" } }), { type: "null" }],
    },
    rollbacks: { ...COUNTER, description: "Of how many rollbacks it knows." },
  }),
} as const;
export type RecordedStanding = Infer<typeof standingSchema>;

export const manifestSchema = {
  description: "What a run is and how far it got: run.json",
  ...exactly(["reason", "message", "standing", "sources", "project", "from", "specFile", "moduleFile", "changes"], {
    format: { type: "integer", minimum: 1 },
    runId: { type: "string", pattern: "^[a-z0-9]{4,64}$" },
    name: TEXT,
    status: { enum: RUN_STATUSES },
    reason: { enum: FINISH_REASONS },
    message: { type: "string", description: "More about the reason, such as what a failing trial printed last." },
    createdAt: TIMESTAMP,
    updatedAt: TIMESTAMP,
    seed: { type: "integer", minimum: 0 },
    specHash: {
      type: "string",
      description: "Hash of the settings that scores depend on, defaults filled in and `${VAR}` unexpanded.",
    },
    auraVersion: TEXT,
    iterationsCompleted: { type: "integer", minimum: 0 },
    best: { anyOf: [bestSoFarSchema, { type: "null" }] },
    totals: totalsSchema,
    standing: standingSchema,
    inputs: { type: "array", items: inputSchema },
    sources: {
      type: "array",
      items: sourceSchema,
      description:
        "Prompt files, modules and values of variables, and the module that makes the pipeline, as they were when the run was last gone on with.",
    },
    project: projectSchema,
    from: originSchema,
    overrides: {
      type: "object",
      description: "`--set` and its like, by path: open, the values are those of a spec. They persist over resumes.",
      additionalProperties: ANY,
    },
    specFile: {
      type: "string",
      description: "The spec's file, relative to the workspace; absent for a run written in code.",
    },
    moduleFile: {
      type: "string",
      description:
        "The module whose default export makes the run's pipeline, relative to the workspace; absent for a run of a spec or of a program.",
    },
    spec: {
      type: "object",
      description:
        "The spec as the run last went by it, defaults filled in, `${VAR}` unexpanded: open here, run-spec.schema.json says what is in it.",
      additionalProperties: ANY,
    },
    changes: { type: "array", items: changesSchema, description: "What was changed in the spec, oldest first." },
  }),
} as const;
/** `run.json`: what this run is and how far it got. */
export type RunManifest = Infer<typeof manifestSchema>;

interface RunState {
  readonly status: RunStatus;
  readonly reason?: FinishReason | null;
}

/** Whether it says that somebody is at the run, who may have paused it: one that has ended has a reason. */
export function isUnderWay({ status, reason = null }: RunState): boolean {
  return status === "running" || (status === "paused" && reason === null);
}
