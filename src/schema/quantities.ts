import type { NumberSchema, StringSchema } from "./dialect.ts";

/** A moment in a record or a document. */
export const TIMESTAMP = {
  type: "string",
  description: "When: ISO 8601 in UTC, like 2026-01-31T12:00:00.000Z.",
} as const satisfies StringSchema;

export const MILLISECONDS = {
  type: "number",
  minimum: 0,
  description: "Milliseconds.",
} as const satisfies NumberSchema;

export const BYTES = { type: "integer", minimum: 0, description: "Bytes." } as const satisfies NumberSchema;

export const TOKENS = {
  type: "number",
  minimum: 0,
  description: "Tokens, as the provider counts them.",
} as const satisfies NumberSchema;

export const US_DOLLARS = { type: "number", minimum: 0, description: "US dollars." } as const satisfies NumberSchema;
