import { JSON_OBJECT, MILLISECONDS, type StringSchema } from "../schema/dialect.ts";
import { described, exactly, listOf, nullable } from "../schema/exactly.ts";
import type { Infer } from "../schema/infer.ts";
import { BASELINE, DIRECTION, FLAG, TARGET, TEXT, WHOLE } from "./vocabulary.ts";

/** What a metric may be called: not as what AURA adds to every summary. */
export const METRIC_NAME = {
  type: "string",
  pattern: "^(?!(?:trials|spread)$)[^]",
  "x-expected": "a name other than `trials` and `spread`, under which a summary holds what AURA counts",
} as const satisfies StringSchema;

const SOME = { type: "integer", minimum: 1 } as const;
const ABOVE_ZERO = { type: "number", exclusiveMinimum: 0 } as const;

export const stopSchema = described(
  "The limits that end the run; the first that is reached ends it.",
  exactly(["failures", "iterations", "hypotheses", "patience", "wallClockMs", "tokens", "costUsd"], {
    failures: described("Failed experiments in a row.", SOME),
    iterations: SOME,
    hypotheses: SOME,
    patience: described("Iterations without a better score.", SOME),
    wallClockMs: described("Milliseconds.", ABOVE_ZERO),
    tokens: described("Tokens, as the provider counts them.", ABOVE_ZERO),
    costUsd: described("US dollars.", ABOVE_ZERO),
  }),
);

const metricSchema = exactly(["baseline", "target"], {
  name: TEXT,
  direction: DIRECTION,
  minDelta: described(
    "How much better counts as better: in the metric's own units, or as a share of the best (0.03 is 3%).",
    exactly({ kind: { enum: ["absolute", "relative"] }, value: { type: "number", minimum: 0 } }),
  ),
  baseline: BASELINE,
  target: TARGET,
});

const check = exactly(["timeoutMs"], {
  name: TEXT,
  command: { anyOf: [TEXT, listOf(TEXT)] },
  shell: FLAG,
  timeoutMs: MILLISECONDS,
});

/** Everything about a run that is data, defaults filled in. */
export const settingsSchema = exactly(["timeBudgetMs"], {
  name: TEXT,
  goal: TEXT,
  seed: WHOLE,
  metric: metricSchema,
  stop: stopSchema,
  parallel: described("Trials in flight.", SOME),
  retries: described("Extra attempts after a trial's own failure.", WHOLE),
  insightWindow: described("Iterations whose insights reach the researcher; `null` is all.", nullable(WHOLE)),
  constraints: described("Free-form, as the spec has them: open.", JSON_OBJECT),
  inputs: listOf(
    exactly({
      path: described("As written in the spec.", TEXT),
      absolutePath: TEXT,
      show: { enum: ["name", "full"] },
    }),
  ),
  hidden: described("Absolute paths of what trials may not see: the inputs of the evaluator, and cases.", listOf(TEXT)),
  root: described("Absolute path of the project.", TEXT),
  artifacts: described("Tracked files and folders, relative to `root`.", listOf(TEXT)),
  files: described(
    "What else a trial's own copy holds, as patterns relative to `root`; `null` is what git tracks.",
    nullable(listOf(TEXT)),
  ),
  rollback: { enum: ["best", "none"] },
  start: described("What a start without a score is.", { enum: ["must_score", "may_fail"] }),
  keep: described("Which trial folders stay.", { enum: ["all", "best", "failed", "none"] }),
  keepFiles: listOf(TEXT),
  checks: listOf(check),
  timeBudgetMs: described("Milliseconds that a trial may take at most.", ABOVE_ZERO),
});
/** Everything about a run that is data: what stages, prompts and records may know of it. */
export type RunSettings = Infer<typeof settingsSchema>;
/** Which number is the score and what counts as good. */
export type MetricSettings = RunSettings["metric"];
/** Which way a score is better. */
export type Direction = MetricSettings["direction"];
/** Limits that end a run; the first that is reached ends it. */
export type StopSettings = RunSettings["stop"];
export type InputSetting = RunSettings["inputs"][number];
export type CheckSetting = RunSettings["checks"][number];

/** A command as people read it: as it was written, or its words with blanks between them. */
export function commandText(command: string | readonly string[]): string {
  return typeof command === "string" ? command : command.join(" ");
}

export const DEFAULT_SETTINGS: Omit<RunSettings, "name" | "root" | "metric"> = {
  goal: "",
  seed: 0,
  stop: {},
  parallel: 1,
  retries: 0,
  insightWindow: null,
  constraints: {},
  inputs: [],
  hidden: [],
  artifacts: [],
  files: null,
  rollback: "best",
  start: "must_score",
  keep: "all",
  keepFiles: [],
  checks: [],
};
