import { resolve } from "node:path";
import { type Artifact, artifactPaths } from "../model/artifact.ts";
import { DEFAULT_SETTINGS, type MetricSettings, type RunSettings } from "../model/settings.ts";

/** What a pipeline written in code may say about its run; everything has a default. */
export interface SettingsOptions {
  readonly settings?: Partial<RunSettings>;
  /** Shorthand for `settings.stop.iterations`. */
  readonly maxIterations?: number;
  /** Which number is the score; by default what the evaluator says it scores by. */
  readonly metric?: Partial<MetricSettings>;
  readonly goal?: string;
  readonly seed?: number;
  readonly parallel?: number;
  readonly name?: string;
  /** The project's folder, where trials run. Default: the current folder. */
  readonly root?: string;
  /** Files and folders of the project that evolve across iterations. */
  readonly artifacts?: readonly (string | Artifact)[];
}

const DEFAULT_METRIC: MetricSettings = {
  name: "score",
  direction: "maximize",
  minDelta: { kind: "absolute", value: 0 },
};

/** Complete settings from what was said, the evaluator's own metric and the defaults. */
export function settingsFrom(
  options: SettingsOptions & { readonly workspace: { readonly root: string } },
  scoredBy: Partial<MetricSettings> | undefined,
): RunSettings {
  const given = options.settings ?? {};
  const name = options.name ?? given.name ?? options.workspace.root.split("/").filter(Boolean).at(-1) ?? "run";
  const stop = { ...DEFAULT_SETTINGS.stop, ...given.stop };
  return {
    ...DEFAULT_SETTINGS,
    ...given,
    root: resolve(options.root ?? given.root ?? "."),
    artifacts: artifactPaths(options.artifacts ?? given.artifacts ?? []),
    name,
    metric: { ...DEFAULT_METRIC, ...scoredBy, ...given.metric, ...options.metric },
    stop: options.maxIterations === undefined ? stop : { ...stop, iterations: options.maxIterations },
    ...(options.goal === undefined ? {} : { goal: options.goal }),
    ...(options.seed === undefined ? {} : { seed: options.seed }),
    ...(options.parallel === undefined ? {} : { parallel: options.parallel }),
  };
}
