import { MILLISECONDS, TIMESTAMP, TOKENS, US_DOLLARS } from "../schema/dialect.ts";
import { exactly } from "../schema/exactly.ts";
import type { Infer } from "../schema/infer.ts";
import { failureSchema } from "./trial.ts";
import { TEXT } from "./vocabulary.ts";

export const ROLES = ["researcher", "experimenter", "evaluator", "reviewer"] as const;
/** Who asks a runner. */
export type Role = (typeof ROLES)[number];

const processSchema = exactly(["pid", "pidStartedAt", "host", "bootId", "folder"], {
  pid: {
    type: "integer",
    description: "On `host`; with `pidStartedAt` (kernel start time) it names one process for good.",
  },
  pidStartedAt: TEXT,
  host: TEXT,
  bootId: TEXT,
  folder: {
    type: "string",
    description: "Identity of the workspace's folder when it was recorded: in a copy of the record it is another's.",
  },
});
/** What a record says of its process, so that a later resume can end it should AURA die. Nothing before there is one. */
export type ProcessRecord = Infer<typeof processSchema>;

const common = {
  id: {
    type: "string",
    description: "`<iteration or hypothesis>-<role>[-<part>]-a<n>`: who asked, about what, and which ask it was.",
  },
  role: { enum: ROLES },
  iteration: { type: "integer", minimum: 0 },
  hypothesisId: TEXT,
  ask: {
    type: "integer",
    minimum: 1,
    description: "1 is the first ask of this question; asking again after an unusable reply raises it.",
  },
  runner: TEXT,
  model: TEXT,
  prompt: TEXT,
  promptHash: TEXT,
  attempts: {
    type: "integer",
    minimum: 1,
    description: "How often the call was begun: once, and again by each resume that found it without a reply.",
  },
  startedAt: TIMESTAMP,
} as const;

export const usageSchema = exactly(["cacheReadTokens", "cacheWriteTokens", "costUsd", "estimated"], {
  inputTokens: { ...TOKENS, description: "Tokens of the prompt, those read from or written to a cache among them." },
  outputTokens: TOKENS,
  cacheReadTokens: TOKENS,
  cacheWriteTokens: TOKENS,
  costUsd: US_DOLLARS,
  estimated: {
    const: true,
    description:
      "Token counts, or some of them, were not told: they are estimated from the lengths of prompt and reply.",
  },
});
/** What a call cost. Tokens are the provider's own counts; `costUsd` is there when a price is known. */
export type Usage = Infer<typeof usageSchema>;

const failedTrySchema = exactly(["usage"], {
  startedAt: TIMESTAMP,
  durationMs: MILLISECONDS,
  reason: TEXT,
  usage: usageSchema,
});
/** One request of a call that came to nothing: why, and what it had used, which counts with the call's own usage. */
export type FailedTry = Infer<typeof failedTrySchema>;

const failedTries = {
  type: "array",
  items: failedTrySchema,
  description: "The requests before that came to nothing, the latest 20 of them.",
} as const;

export const callSchema = {
  description: "One model or command-runner call: iterations/<n>/calls/<id>.json",
  anyOf: [
    exactly(["hypothesisId", "model", "failedTries", "pid", "pidStartedAt", "host", "bootId", "folder"], {
      ...common,
      failedTries,
      ...processSchema.properties,
      state: { const: "started" },
    }),
    exactly(["hypothesisId", "model", "failedTries", "structured", "unusable", "usage"], {
      ...common,
      failedTries,
      state: { const: "finished" },
      response: TEXT,
      structured: { "x-any": true, description: "The reply as data, where the runner gives it so: open." },
      unusable: { type: "string", description: "Why the runner could make nothing of the response." },
      usage: usageSchema,
      endedAt: TIMESTAMP,
      durationMs: MILLISECONDS,
    }),
    exactly(["hypothesisId", "model", "failedTries", "response", "usage"], {
      ...common,
      failedTries,
      state: { const: "failed" },
      failure: failureSchema,
      response: {
        type: "string",
        description: "What was answered before it failed, as far as it came; a long one without its middle.",
      },
      usage: usageSchema,
      endedAt: TIMESTAMP,
      durationMs: MILLISECONDS,
    }),
  ],
} as const;
/** One model or command-runner call. On disk, flushed, before it is sent and again before its reply is used. */
export type CallRecord = Infer<typeof callSchema>;
