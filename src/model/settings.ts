import type { StringSchema } from "../schema/dialect.ts";
import type { JsonObject } from "./json.ts";

export type Direction = "maximize" | "minimize";

/** Which number is the score and what counts as good. */
export interface MetricSettings {
  readonly name: string;
  readonly direction: Direction;
  readonly baseline?: number;
  readonly target?: number;
  /** How much better counts as better: in the metric's units, or as a share of the best (`0.03` for `3%`). */
  readonly minDelta: { readonly kind: "absolute" | "relative"; readonly value: number };
}

/** What a metric may be called: not as what AURA adds to every summary. */
export const METRIC_NAME = {
  type: "string",
  pattern: "^(?!(?:trials|spread)$)[^]",
  "x-expected": "a name other than `trials` and `spread`, under which a summary holds what AURA counts",
} as const satisfies StringSchema;

/** Limits that end a run; the first that is reached ends it. Durations in milliseconds. */
export interface StopSettings {
  readonly iterations?: number;
  readonly hypotheses?: number;
  readonly patience?: number;
  readonly wallClockMs?: number;
  readonly tokens?: number;
  readonly costUsd?: number;
  /** Failed experiments in a row that end the run with an error. Default 10, and three that fail alike at the beginning. */
  readonly failures?: number;
}

/** An entry of the spec's `inputs`, resolved. */
export interface InputSetting {
  /** Relative to `root`, as written. */
  readonly path: string;
  readonly absolutePath: string;
  readonly show: "name" | "full";
}

/** An entry of the spec's `checks`, resolved. */
export interface CheckSetting {
  readonly name: string;
  readonly command: string | readonly string[];
  readonly shell: boolean;
  readonly timeoutMs?: number;
}

/** Everything about a run that is data: what stages, prompts and records may know of it. */
export interface RunSettings {
  readonly name: string;
  readonly goal: string;
  readonly seed: number;
  readonly metric: MetricSettings;
  readonly stop: StopSettings;
  readonly parallel: number;
  readonly retries: number;
  readonly insightWindow: number | null;
  readonly constraints: JsonObject;
  /** `constraints.time_budget` in milliseconds, where it is set. */
  readonly timeBudgetMs?: number;
  readonly inputs: readonly InputSetting[];
  /** The project: an absolute path. */
  readonly root: string;
  /** Tracked files and folders, relative to `root`. */
  readonly artifacts: readonly string[];
  /** What a trial's own copy of the project holds besides, as patterns relative to `root`; `null`: what git tracks. */
  readonly files: readonly string[] | null;
  readonly rollback: "best" | "none";
  /** Whether a start without a score ends the run, or is what hypotheses are to mend. */
  readonly start: "must_score" | "may_fail";
  readonly keep: "all" | "best" | "failed" | "none";
  readonly keepFiles: readonly string[];
  readonly checks: readonly CheckSetting[];
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
  artifacts: [],
  files: null,
  rollback: "best",
  start: "must_score",
  keep: "all",
  keepFiles: [],
  checks: [],
};
