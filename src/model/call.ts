import { MILLISECONDS, type ObjectSchema, TIMESTAMP, TOKENS, US_DOLLARS } from "../schema/dialect.ts";
import type { JsonValue } from "./json.ts";
import { type Failure, failureSchema } from "./trial.ts";

export const ROLES = ["researcher", "experimenter", "evaluator", "reviewer"] as const;
export type Role = (typeof ROLES)[number];

/** What a call cost. Tokens are the provider's own counts; `costUsd` is there when a price is known. */
export interface Usage {
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly cacheReadTokens?: number;
  readonly costUsd?: number;
}

/** What a record says of its process, so that a later resume can end it should AURA die. Nothing before there is one. */
export interface ProcessRecord {
  /** Process id on `host`; with `pidStartedAt` (kernel start time) it names one process for good. */
  readonly pid?: number;
  readonly pidStartedAt?: string;
  readonly host?: string;
  readonly bootId?: string;
  /** Identity of the workspace's folder when it was recorded: in a copy of the record it is another's. */
  readonly folder?: string;
}

interface CallCommon {
  /** `<iteration or hypothesis>-<role>[-<part>]-a<n>`: says who asked, about what, and which ask of that question it was. */
  readonly id: string;
  readonly role: Role;
  readonly iteration: number;
  readonly hypothesisId?: string;
  /** The n-th ask of this question (1 is the first); asking again after an unusable reply raises it. */
  readonly ask: number;
  readonly runner: string;
  readonly model?: string;
  readonly prompt: string;
  readonly promptHash: string;
  /** How often the request was sent, over crashes and resumes. */
  readonly attempts: number;
  readonly startedAt: string;
}

/** One model or command-runner call. On disk, flushed, before it is sent and again before its reply is used. */
export type CallRecord =
  | (CallCommon & ProcessRecord & { readonly state: "started" })
  | (CallCommon & {
      readonly state: "finished";
      readonly response: string;
      readonly structured?: JsonValue;
      /** Why the runner could make nothing of the response. */
      readonly unusable?: string;
      readonly usage?: Usage;
      readonly endedAt: string;
      readonly durationMs: number;
    })
  | (CallCommon & {
      readonly state: "failed";
      readonly failure: Failure;
      /** What was answered before the call failed, as far as it came and without its middle where it is long. */
      readonly response?: string;
      /** What the failed call used all the same. */
      readonly usage?: Usage;
      readonly endedAt: string;
      readonly durationMs: number;
    });

const TEXT = { type: "string" } as const;

const processFields = {
  pid: { type: "integer" },
  pidStartedAt: TEXT,
  host: TEXT,
  bootId: TEXT,
  folder: TEXT,
} as const;

const common = {
  id: TEXT,
  role: { enum: ROLES },
  iteration: { type: "integer", minimum: 0 },
  hypothesisId: TEXT,
  ask: { type: "integer", minimum: 1 },
  runner: TEXT,
  model: TEXT,
  prompt: TEXT,
  promptHash: TEXT,
  attempts: { type: "integer", minimum: 1 },
  startedAt: TIMESTAMP,
} as const;
const commonRequired = [
  "id",
  "role",
  "iteration",
  "ask",
  "runner",
  "prompt",
  "promptHash",
  "attempts",
  "startedAt",
] as const;

export const usageSchema = {
  type: "object",
  properties: {
    inputTokens: TOKENS,
    outputTokens: TOKENS,
    cacheReadTokens: TOKENS,
    costUsd: US_DOLLARS,
  },
  required: ["inputTokens", "outputTokens"],
  additionalProperties: false,
} as const satisfies ObjectSchema;

export const callSchema = {
  description: "One model or command-runner call: iterations/<n>/calls/<id>.json",
  anyOf: [
    {
      type: "object",
      properties: { ...common, ...processFields, state: { const: "started" } },
      required: [...commonRequired, "state"],
      additionalProperties: false,
    },
    {
      type: "object",
      properties: {
        ...common,
        state: { const: "finished" },
        response: TEXT,
        structured: { "x-any": true, description: "The reply as data, where the runner gives it so: open." },
        unusable: TEXT,
        usage: usageSchema,
        endedAt: TIMESTAMP,
        durationMs: MILLISECONDS,
      },
      required: [...commonRequired, "state", "response", "endedAt", "durationMs"],
      additionalProperties: false,
    },
    {
      type: "object",
      properties: {
        ...common,
        state: { const: "failed" },
        failure: failureSchema,
        response: TEXT,
        usage: usageSchema,
        endedAt: TIMESTAMP,
        durationMs: MILLISECONDS,
      },
      required: [...commonRequired, "state", "failure", "endedAt", "durationMs"],
      additionalProperties: false,
    },
  ],
} as const;
