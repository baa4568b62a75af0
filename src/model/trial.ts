import { ANY, MILLISECONDS, TIMESTAMP } from "../schema/dialect.ts";
import { exactly } from "../schema/exactly.ts";
import type { Infer } from "../schema/infer.ts";
import { defined, isJsonObject, type JsonObject } from "./json.ts";
import { TEXT } from "./vocabulary.ts";

const FAILED_STATUSES = [
  "failed",
  "timeout",
  "cancelled",
  "signal",
  "out-of-memory",
  "output-limit",
  "spawn-error",
  "lost",
] as const;
export const TRIAL_STATUSES = ["completed", ...FAILED_STATUSES] as const;
/** How a trial ended, in a word. */
export type TrialStatus = (typeof TRIAL_STATUSES)[number];

export const failureSchema = exactly(["exitCode", "signal", "logTail"], {
  code: TEXT,
  message: TEXT,
  exitCode: { type: "integer" },
  signal: TEXT,
  logTail: {
    type: "string",
    description: "The last lines the process wrote to stderr (else stdout), at most 4 KiB, control characters removed.",
  },
});
/** Why something that was expected to work did not. `code` is stable and greppable, `message` is for people. */
export type Failure = Infer<typeof failureSchema>;

export const trialOutcomeSchema = {
  anyOf: [
    exactly({
      status: { const: "completed" },
      output: { "x-any": true, description: "What it printed or returned, most often an object of metrics: open." },
    }),
    exactly({
      status: { enum: FAILED_STATUSES },
      failure: failureSchema,
    }),
  ],
} as const;
/** How a trial ended: with its output, or why not. */
export type TrialOutcome = Infer<typeof trialOutcomeSchema>;

/**
 * What holds a limit: a control group, for all that a process starts together; limits of each process by itself; or
 * whatever else runs it, such as a container. `none`: nothing does.
 */
export const LIMIT_TIERS = ["cgroup-v2", "cgroup-v1", "rlimit", "container", "cluster", "none"] as const;

const usage = {
  cpuSeconds: { type: "number", minimum: 0, description: "CPU time of it and all that it started, as far as seen." },
  peakMemoryBytes: { type: "integer", minimum: 0, description: "Most resident memory at a time, as far as seen." },
  limits: {
    type: "object",
    additionalProperties: { enum: LIMIT_TIERS },
    description: "What held each of its limits; a control group for all its processes together, `rlimit` for each.",
  },
} as const;

export const usageSchema = exactly(["cpuSeconds", "peakMemoryBytes", "limits"], usage);
/**
 * What an attempt used. `load`: of another machine, which it ran on; `null` when that is not known. `ranMs`: how long it
 * ran, where it waited in a queue before.
 */
export type AttemptUsage = Infer<typeof usageSchema> & {
  readonly load?: number | null;
  readonly ranMs?: number;
  readonly devices?: readonly string[];
};

const mayBeAbsent = [
  "endedAt",
  "durationMs",
  "status",
  "message",
  "ref",
  "command",
  "environment",
  "slot",
  "devices",
  "load",
  "cpuSeconds",
  "peakMemoryBytes",
  "limits",
] as const;

const attemptSchema = exactly(mayBeAbsent, {
  attempt: { type: "integer", minimum: 1 },
  startedAt: TIMESTAMP,
  endedAt: TIMESTAMP,
  durationMs: MILLISECONDS,
  status: { enum: TRIAL_STATUSES },
  message: TEXT,
  slot: { type: "integer", minimum: 0, description: "Its number among those that ran at once; absent in a queue." },
  devices: { type: "array", items: TEXT, description: "What it had for itself, where `gpus` asks for devices." },
  ...usage,
  load: {
    type: "number",
    description: "The load of the machine it ran on, as it ended: runnable processes, over the last minute.",
  },
  command: { type: "array", items: TEXT, description: "The program and its arguments, as they were started." },
  environment: {
    type: "string",
    description: "What it ran in: environments/<this>.json; absent where that was nothing special.",
  },
  ref: {
    type: "object",
    additionalProperties: ANY,
    description: "What its executor knows it by: a local process, or a job, a container, a mount: open.",
  },
});
/** One try at a trial; a trial cut short by a crash, an infrastructure failure or `retries` has several. */
export type TrialAttempt = Infer<typeof attemptSchema>;

const common = {
  id: { type: "string", pattern: "^i[0-9]+-h[0-9]+-[tc][0-9]+$" },
  hypothesisId: TEXT,
  kind: { enum: ["trial", "check"], description: "One repeat of the experiment, or one of the spec's `checks`." },
  index: { type: "integer", minimum: 0 },
  seed: { type: "integer", minimum: 0 },
  attempts: { type: "array", items: attemptSchema },
} as const;

export const trialSchema = {
  description: "One execution of one repeat: iterations/<n>/trials/<id>.json",
  anyOf: [
    exactly({ ...common, state: { const: "started" } }),
    exactly(["captured"], {
      ...common,
      state: { const: "finished" },
      outcome: trialOutcomeSchema,
      steps: {
        type: "array",
        items: exactly({
          observedAt: TIMESTAMP,
          kind: TEXT,
          data: { "x-any": true, description: "What it reported, such as the metrics of one epoch: open." },
        }),
      },
      captured: {
        type: "string",
        description: "Snapshot of the tracked artifacts as the trial left them, where `capture` asks for it.",
      },
    }),
  ],
} as const;
/** One execution of one repeat. On disk as soon as its process exists (`started`), and again when it has ended. */
export type Trial = Infer<typeof trialSchema>;
export type StartedTrial = Extract<Trial, { state: "started" }>;
/** A trial that has an outcome. */
export type FinishedTrial = Extract<Trial, { state: "finished" }>;

/** The attempt at a trial that has not ended: it runs, or was cut short. */
export function openAttempt(trial: Trial | null): TrialAttempt | null {
  const last = trial?.state === "started" ? trial.attempts.at(-1) : undefined;
  return last === undefined || last.endedAt !== undefined ? null : last;
}

/** Something a trial reported while it ran, such as the metrics of one epoch. */
export type TrialStep = FinishedTrial["steps"][number];

export const trialResultSchema = exactly(["captured"], {
  id: TEXT,
  index: common.index,
  seed: common.seed,
  outcome: trialOutcomeSchema,
  captured: TEXT,
});
/** What an experiment keeps of each of its trials; the whole record is in `trials/<id>.json`. */
export type TrialResult = Infer<typeof trialResultSchema>;

export function trialResult(trial: FinishedTrial): TrialResult {
  const { id, index, seed, outcome, captured } = trial;
  return { id, index, seed, outcome, ...defined({ captured }) };
}

/** The trial's metrics, `null` unless it completed with a JSON object. */
export function trialOutput(outcome: TrialOutcome): JsonObject | null {
  if (outcome.status !== "completed") return null;
  return isJsonObject(outcome.output) ? outcome.output : null;
}

export const summarySchema = {
  description: "The metrics of its trials as one: open, they are the run's own. `null` when there are none.",
  anyOf: [
    { type: "object", description: "Open: the metrics are the run's own.", additionalProperties: ANY },
    { type: "null" },
  ],
} as const;

export const environmentSchema = {
  description: "What trials ran in, as attempts name it: environments/<name>.json. Open: each type has its own.",
  type: "object",
  properties: { type: { type: "string", description: "Type of the environment." } },
  required: ["type"],
  additionalProperties: ANY,
} as const;
/** What an environment was, such as its interpreter and the versions of its packages: open, each has its own. */
export type EnvironmentRecord = JsonObject & { readonly type: string };
