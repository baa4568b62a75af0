import { ANY, MILLISECONDS, TIMESTAMP } from "../schema/dialect.ts";
import { exactly } from "../schema/exactly.ts";
import type { HypothesisId, TrialId } from "./ids.ts";
import type { JsonObject, JsonValue } from "./json.ts";

export const TRIAL_STATUSES = [
  "completed",
  "failed",
  "timeout",
  "cancelled",
  "signal",
  "out-of-memory",
  "output-limit",
  "spawn-error",
  "lost",
] as const;
export type TrialStatus = (typeof TRIAL_STATUSES)[number];

/** Why something that was expected to work did not. `code` is stable and greppable, `message` is for people. */
export interface Failure {
  readonly code: string;
  readonly message: string;
  readonly exitCode?: number;
  readonly signal?: string;
  /** The last lines the process wrote to stderr (else stdout), at most 4 KiB, control characters removed. */
  readonly logTail?: string;
}

export type TrialOutcome =
  | { readonly status: "completed"; readonly output: JsonValue }
  | { readonly status: Exclude<TrialStatus, "completed">; readonly failure: Failure };

/** Something a trial reported while it ran, such as the metrics of one epoch. */
export interface TrialStep {
  readonly observedAt: string;
  readonly kind: string;
  readonly data: JsonValue;
}

/** One try at a trial; a trial cut short by a crash, an infrastructure failure or `retries` has several. */
export interface TrialAttempt {
  readonly attempt: number;
  readonly startedAt: string;
  readonly endedAt?: string;
  readonly durationMs?: number;
  readonly status?: TrialStatus;
  readonly message?: string;
  /** What its executor knows it by: a local process (as in `ProcessRecord`), or a job, a container, a mount. */
  readonly ref?: JsonObject;
}

interface TrialCommon {
  readonly id: TrialId;
  readonly hypothesisId: HypothesisId;
  /** `trial`: one repeat of the experiment. `check`: one of the spec's `checks`. */
  readonly kind: "trial" | "check";
  readonly index: number;
  readonly seed: number;
  readonly attempts: readonly TrialAttempt[];
}

/** One execution of one repeat. On disk as soon as its process exists (`started`), and again when it has ended. */
export type Trial =
  | (TrialCommon & { readonly state: "started" })
  | (TrialCommon & {
      readonly state: "finished";
      readonly outcome: TrialOutcome;
      readonly steps: readonly TrialStep[];
      /** Snapshot id of the tracked artifacts as the trial left them, where `capture` asks for it. */
      readonly captured?: string;
    });
export type StartedTrial = Extract<Trial, { state: "started" }>;
export type FinishedTrial = Extract<Trial, { state: "finished" }>;

/** What an experiment keeps of each of its trials; the whole record is in `trials/<id>.json`. */
export interface TrialResult {
  readonly id: TrialId;
  readonly index: number;
  readonly seed: number;
  readonly outcome: TrialOutcome;
  readonly captured?: string;
}

export function trialResult(trial: FinishedTrial): TrialResult {
  const { id, index, seed, outcome, captured } = trial;
  return { id, index, seed, outcome, ...(captured === undefined ? {} : { captured }) };
}

/** The trial's metrics, `null` unless it completed with a JSON object. */
export function trialOutput(outcome: TrialOutcome): JsonObject | null {
  if (outcome.status !== "completed") return null;
  const output = outcome.output;
  return typeof output === "object" && output !== null && !Array.isArray(output) ? (output as JsonObject) : null;
}

const TEXT = { type: "string" } as const;

export const failureSchema = exactly(["exitCode", "signal", "logTail"], {
  code: TEXT,
  message: TEXT,
  exitCode: { type: "integer" },
  signal: TEXT,
  logTail: TEXT,
});

export const trialOutcomeSchema = {
  anyOf: [
    exactly({
      status: { const: "completed" },
      output: { "x-any": true, description: "What it printed or returned, most often an object of metrics: open." },
    }),
    exactly({
      status: {
        enum: ["failed", "timeout", "cancelled", "signal", "out-of-memory", "output-limit", "spawn-error", "lost"],
      },
      failure: failureSchema,
    }),
  ],
} as const;

const attemptSchema = exactly(["endedAt", "durationMs", "status", "message", "ref"], {
  attempt: { type: "integer", minimum: 1 },
  startedAt: TIMESTAMP,
  endedAt: TIMESTAMP,
  durationMs: MILLISECONDS,
  status: { enum: TRIAL_STATUSES },
  message: TEXT,
  ref: { type: "object", additionalProperties: ANY, description: "The process, or what else ran it: open." },
});

const common = {
  id: { type: "string", pattern: "^i[0-9]+-h[0-9]+-[tc][0-9]+$" },
  hypothesisId: TEXT,
  kind: { enum: ["trial", "check"] },
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
      captured: TEXT,
    }),
  ],
} as const;

export const trialResultSchema = exactly(["captured"], {
  id: TEXT,
  index: common.index,
  seed: common.seed,
  outcome: trialOutcomeSchema,
  captured: TEXT,
});

export const summarySchema = {
  description: "The metrics of its trials as one: open, they are the run's own. `null` when there are none.",
  anyOf: [
    { type: "object", description: "Open: the metrics are the run's own.", additionalProperties: ANY },
    { type: "null" },
  ],
} as const;
