import { METRIC_NAME } from "../model/settings.ts";
import { ANY, COUNT_LIMIT, type ObjectSchema, TIME_LIMIT } from "../schema/dialect.ts";
import type { Infer } from "../schema/infer.ts";

const TEXT = { type: "string", minLength: 1 } as const;
const TEXTS = { type: "array", items: TEXT } as const;

const metricSchema = {
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
      description:
        "How much better counts as better: in the metric's units, or as a share of the best such as `3%`. Default: a billionth of it, which is more than rounding makes of a score.",
    },
  },
  required: ["name"],
  additionalProperties: false,
} as const satisfies ObjectSchema;

const LIMIT = { type: "integer", minimum: 1 } as const;

const stopSchema = {
  type: "object",
  description: "The first condition that is reached ends the run. None: it runs until it is interrupted.",
  properties: {
    iterations: { ...LIMIT, description: "Iterations." },
    hypotheses: { ...LIMIT, description: "Hypotheses; the last batch is shortened to fit." },
    patience: { ...LIMIT, description: "Iterations in a row without a better score." },
    wall_clock: {
      ...TIME_LIMIT,
      description: "Active time, summed over resumes, like `30m`; of a paused run while something still runs.",
    },
    tokens: { ...COUNT_LIMIT, description: "Tokens of model calls, like `200k`." },
    cost_usd: {
      type: "number",
      exclusiveMinimum: 0,
      description: "Cost of model calls in US dollars, where prices are known.",
    },
    failures: {
      ...LIMIT,
      description:
        "Failed experiments in a row that end the run with an error. Default: 10, or the first three if they fail alike.",
    },
  },
  additionalProperties: false,
} as const satisfies ObjectSchema;

const inputSchema = {
  anyOf: [
    TEXT,
    {
      type: "object",
      properties: {
        path: { ...TEXT, description: "A file or folder, relative to `root`." },
        show: {
          enum: ["name", "full"],
          "x-scores": false,
          description: "`full`: prompts get its content, not only its name.",
        },
      },
      required: ["path"],
      additionalProperties: false,
    },
  ],
} as const;

const checkSchema = {
  type: "object",
  description: "A command that has to succeed before an experiment is scored.",
  properties: {
    name: { ...TEXT, "x-secret": false, description: "What records and messages call it." },
    command: {
      anyOf: [TEXT, { ...TEXTS, minItems: 1 }],
      "x-command": { shell: "shell" },
      description: "Command template, split into words once, or a list of words.",
    },
    shell: {
      type: "boolean",
      default: false,
      description: 'Run it as it is by `sh -c`: braces mean nothing in it, a parameter is `"$AURA_PARAM_lr"`.',
    },
    timeout: {
      ...TIME_LIMIT,
      "x-scores": false,
      description: "Ends the check as failed. Like `5m`; default: `constraints.time_budget`.",
    },
  },
  required: ["name", "command"],
  additionalProperties: false,
} as const satisfies ObjectSchema;

/** The run spec, but for the options of its components, which their definitions hold. */
export const specSchema = {
  type: "object",
  description: "What to improve, how to try a change, how to judge it, and when to stop.",
  "x-secret": false,
  properties: {
    version: { const: 1, description: "Version of the spec's format: 1." },
    name: {
      type: "string",
      pattern: "^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$",
      "x-expected":
        "a name that can be a folder: letters, digits, `.`, `_` and `-`, a letter or digit first, at most 100",
      description: "Name of the run, and of its folder under `runs/`: letters, digits, `.`, `_`, `-`.",
    },
    goal: {
      type: "string",
      default: "",
      "x-secret": true,
      description: "What to achieve, in words; every prompt begins with it.",
    },
    seed: {
      type: "integer",
      minimum: 0,
      maximum: 9007199254740991,
      default: 0,
      "x-scores": true,
      description: "The same seed gives the same run. Seeds of trials are derived from it.",
    },
    metric: metricSchema,
    stop: stopSchema,
    parallel: { type: "integer", minimum: 1, maximum: 1024, default: 1, description: "Trials in flight." },
    retries: {
      type: "integer",
      minimum: 0,
      maximum: 100,
      default: 0,
      description: "Extra attempts after a trial's own failure.",
    },
    insight_window: {
      type: "integer",
      minimum: 0,
      description: "How many iterations back insights reach the researcher. Default: all.",
    },
    constraints: {
      type: "object",
      properties: {
        time_budget: {
          ...TIME_LIMIT,
          description: "Longest a trial may run.",
        },
      },
      required: [],
      additionalProperties: ANY,
      "x-secret": true,
      description: "Free-form, handed to every stage; `time_budget` (a duration) also caps each trial.",
    },
    inputs: {
      type: "array",
      items: inputSchema,
      default: [],
      "x-scores": true,
      description: "Read-only data, relative to `root`: for trials, and listed in prompts.",
    },
    artifacts: {
      ...TEXTS,
      default: [],
      "x-scores": true,
      description:
        "Tracked files and folders, relative to `root`: hypotheses edit them, and they evolve across iterations. An input " +
        "in a tracked folder stays read-only data, which is no part of it; no input may be an artifact or hold one.",
    },
    rollback: {
      enum: ["best", "none"],
      default: "best",
      description:
        "What the next iteration starts from: the best state of the run, or the best of the last iteration even if worse.",
    },
    start: {
      enum: ["must_score", "may_fail"],
      default: "must_score",
      description:
        "What a start without a score is: the end of the run with an error, or, in a project that begins broken, what " +
        "hypotheses are to mend.",
    },
    root: {
      ...TEXT,
      "x-path": "folder",
      "x-scores": true,
      description: "The project folder, relative to the spec's folder, which is the default.",
    },
    files: {
      ...TEXTS,
      "x-scores": true,
      description:
        "What a trial's own copy of the project holds besides the artifacts, as patterns. Default: what git tracks.",
    },
    keep: {
      enum: ["all", "best", "failed", "none"],
      default: "all",
      description: "Which trial folders stay when their hypothesis is scored.",
    },
    keep_files: {
      ...TEXTS,
      default: [],
      description: "Patterns of files that stay in trial folders whatever `keep` says.",
    },
    workspace: {
      ...TEXT,
      description: "Folder for results, relative to the spec's folder. Default: `runs/<name>` in the current folder.",
    },
    runners: {
      type: "object",
      additionalProperties: { $ref: "#/$defs/inlineRunner" },
      "x-scores": true,
      propertyNames: {
        pattern: "^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$",
        "x-expected": "a letter or digit first, then letters, digits, `.`, `_` and `-`, at most 64",
      },
      description: "Models, agent commands and functions that answer prompts, by the name other components use.",
    },
    researcher: { $ref: "#/$defs/researcher", description: "Proposes hypotheses." },
    experimenter: {
      $ref: "#/$defs/experimenter",
      "x-scores": true,
      description: "Runs the trials of a hypothesis.",
    },
    checks: {
      type: "array",
      items: checkSchema,
      "x-scores": true,
      "x-secret": true,
      description: "Commands that have to succeed, in order, before an experiment is scored.",
    },
    evaluator: {
      $ref: "#/$defs/evaluator",
      "x-scores": true,
      description: "Scores an experiment. Default: `{ type: metric }`.",
    },
    reviewer: {
      $ref: "#/$defs/reviewer",
      description: "Distils insights from a finished batch. Default: `{ type: none }`.",
    },
  },
  required: ["version", "name", "metric", "researcher", "experimenter"],
  additionalProperties: false,
  patternProperties: { "^x-": ANY },
} as const satisfies ObjectSchema;

/** A validated spec: variables expanded, defaults filled in, components not yet built. */
export type Spec = Infer<typeof specSchema>;
