import type { InCode } from "../kernel/given-options.ts";
import { DURATION, JSON_OBJECT, TIME_LIMIT } from "../schema/dialect.ts";
import { LISTED_MODELS, PRICED_ON } from "./llm-prices.ts";

/** What every provider's call may be given, in a spec and in code. */
export const LLM_OPTIONS = {
  model: {
    type: "string",
    minLength: 1,
    "x-secret": false,
    "x-cost": LISTED_MODELS,
    "x-unless": "base_url",
    description: "Model name as the provider knows it.",
  },
  base_url: {
    type: "string",
    pattern: "^https?://",
    "x-scores": false,
    description: "Another server that speaks the same format.",
  },
  headers: {
    type: "object",
    propertyNames: { pattern: "^[A-Za-z0-9-]+$", "x-expected": "the name of a header" },
    additionalProperties: {
      type: "string",
      pattern: "^[ -~]*$",
      "x-expected": "the value of a header, in plain characters",
    },
    "x-scores": false,
    description: "Further headers of each request. Their values are hidden everywhere.",
  },
  max_tokens: { type: "integer", minimum: 1, description: "Longest reply." },
  temperature: { type: "number", minimum: 0, maximum: 2, description: "Default: the provider's." },
  top_p: { type: "number", minimum: 0, maximum: 1, description: "Default: the provider's." },
  system: { type: "string", description: "System prompt." },
  extra_body: {
    ...JSON_OBJECT,
    description:
      "Fields added to the body of each request as they are, such as `seed` or `top_k`; `null` leaves one out.",
  },
  timeout: { ...TIME_LIMIT, default: "10m", "x-scores": false, description: "Of one request." },
  idle_timeout: {
    ...TIME_LIMIT,
    default: "2m",
    "x-scores": false,
    description: "Longest silence in the middle of an answer, after which it is asked for again.",
  },
  max_wait: {
    ...DURATION,
    default: "5m",
    "x-scores": false,
    description: "How long a provider that is down, busy or behind a broken gateway is waited for.",
  },
  concurrency: {
    type: "integer",
    minimum: 1,
    maximum: 100,
    default: 4,
    "x-scores": false,
    description: "Calls in flight.",
  },
  rate: {
    type: "string",
    pattern: "^[1-9][0-9]*/(s|m|h)$",
    "x-expected": "requests in a time, like 50/m, 2/s, 1000/h",
    "x-scores": false,
    description: "Most requests in any second, minute or hour: `50/m`. Default: no limit.",
  },
  price: {
    type: "object",
    "x-scores": false,
    "x-cost": true,
    description:
      `Dollars per million tokens; makes \`stop.cost_usd\` and costs in reports work. Default: the list price of ${PRICED_ON} ` +
      "for models that were listed then, at the provider's own address.",
    properties: {
      input: { type: "number", minimum: 0 },
      output: { type: "number", minimum: 0 },
      cache_read: { type: "number", minimum: 0, description: "Of input read from a cache." },
      cache_write: { type: "number", minimum: 0, description: "Of input written to a cache." },
    },
    required: ["input", "output"],
    additionalProperties: false,
  },
} as const;

/** The option that names the variable with the key, of a provider with this usual name for it. */
export function keyOption<const V extends string>(variable: V) {
  return {
    type: "string",
    pattern: "^[A-Za-z_][A-Za-z0-9_]*$",
    default: variable,
    "x-secret": false,
    "x-variables": "key",
    "x-unless": "base_url",
    "x-scores": false,
    description:
      "The environment variable that holds the key. The key itself is never recorded. With `base_url` there need be none.",
  } as const;
}

/** Options of a call to any provider, as code gives them. */
export type LlmOptions = InCode<typeof LLM_OPTIONS, "model"> & { readonly apiKeyEnv?: string };
