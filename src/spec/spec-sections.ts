import { METRIC_NAME } from "../model/settings.ts";
import { COUNT_LIMIT, type ObjectSchema, TIME_LIMIT } from "../schema/dialect.ts";

export const metricSchema = {
  type: "object",
  description: "Which number is the score, and what counts as good.",
  properties: {
    name: {
      ...METRIC_NAME,
      "x-scores": true,
      description: "Key of the score in an experiment's summary: the exact key first, then a dotted path.",
    },
    direction: {
      enum: ["maximize", "minimize"],
      default: "maximize",
      "x-scores": true,
      description: "Which way is better.",
    },
    baseline: { type: "number", description: "A score has to be strictly better than this to pass." },
    target: {
      type: "number",
      description:
        "The run ends when a score reaches this, also one that is better than the best by less than `min_delta`.",
    },
    min_delta: {
      anyOf: [
        { type: "number", minimum: 0 },
        {
          type: "string",
          pattern: "^\\s*[0-9]+(\\.[0-9]+)?\\s*%\\s*$",
          "x-expected": "a number, or a share like `3%`",
        },
      ],
      "x-expected": "a number, or a share like `3%`",
      description: "How much better counts as better: in the metric's units, or as a share of the best such as `3%`.",
    },
  },
  required: ["name"],
  additionalProperties: false,
} as const satisfies ObjectSchema;

const LIMIT = { type: "integer", minimum: 1 } as const;

export const stopSchema = {
  type: "object",
  description: "The first condition that is reached ends the run. None: it runs until it is interrupted.",
  properties: {
    iterations: { ...LIMIT, description: "Iterations." },
    hypotheses: { ...LIMIT, description: "Hypotheses; the last batch is shortened to fit." },
    patience: { ...LIMIT, description: "Iterations in a row without a better score." },
    wall_clock: { ...TIME_LIMIT, description: "Active time, summed over resumes, like `30m`." },
    tokens: { ...COUNT_LIMIT, description: "Tokens of model calls, like `200k`." },
    cost_usd: {
      type: "number",
      exclusiveMinimum: 0,
      description: "Cost of model calls in US dollars, where prices are known.",
    },
    failures: { ...LIMIT, default: 10, description: "Failed experiments in a row that end the run with an error." },
  },
  additionalProperties: false,
} as const satisfies ObjectSchema;
