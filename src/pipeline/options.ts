import { dirname, isAbsolute, relative, resolve } from "node:path";
import { isSecretName } from "../components/process-environment.ts";
import {
  assertOptions,
  doing,
  type Expectation,
  inSchema,
  isObject,
  objectOf,
  ofSchema,
  required,
  TEXT,
  whole,
} from "../kernel/given-options.ts";
import type { Evaluator, Experimenter, Researcher, Reviewer } from "../kernel/ports.ts";
import { type Artifact, artifactPaths } from "../model/artifact.ts";
import type { SettingChange } from "../model/iteration.ts";
import { defined, type JsonObject } from "../model/json.ts";
import type { RunManifest, SourceRecord } from "../model/run.ts";
import { LEAST_DELTA } from "../model/score.ts";
import { DEFAULT_SETTINGS, type MetricSettings, type RunSettings, settingsSchema } from "../model/settings.ts";
import { isWithin } from "../model/tree-path.ts";
import { parseDuration } from "../model/units.ts";
import { TIME_LIMIT } from "../schema/dialect.ts";
import { exactly } from "../schema/exactly.ts";
import { misfit } from "../schema/fits.ts";
import type { Workspace } from "../workspace/workspace.ts";
import { tidy } from "./trackable.ts";

/** The parts of a run. Only the four stages and the workspace are needed; `settings` is what a spec would say. */
export interface PipelineOptions extends SettingsOptions {
  readonly researcher: Researcher;
  readonly experimenter: Experimenter;
  readonly evaluator: Evaluator;
  readonly reviewer?: Reviewer;
  readonly workspace: Workspace;
  /** The spec as loaded, for the manifest and for comparing on resume; absent for pipelines written in code. */
  readonly spec?: RecordedSpec;
  /** Values that no record, log, event or message is to hold, such as those of a spec's `${VAR}`, besides those of secrets in `passEnv`. Default: none. */
  readonly secrets?: readonly string[];
  /** Variables that hold keys of model providers, besides those whose names say so. Default: none. */
  readonly keyVariables?: readonly string[];
  /**
   * The workspace of an earlier run that a new one is started from, with `@` and the name of a state where it is not the
   * one carried on: that state is the start, and what was found is prior knowledge. Says nothing to a run that goes on.
   */
  readonly from?: string;
  /** Run failed hypotheses again: all of them, or these. */
  readonly retryFailed?: true | readonly string[];
}

/** What this time is other than the pipeline says. */
export type RunOverrides = Pick<SettingsOptions, "maxIterations" | "parallel" | "seed">;

/** A pipeline as it is conducted. */
export interface ConductOptions extends PipelineOptions {
  /** What the run goes by in place of what the pipeline says, by the path that a spec has for it. Default: nothing. */
  readonly overrides?: JsonObject;
}

/** A change of the settings, and whether scores depend on it: one that they do depend on no run goes on with. */
export interface JudgedChange extends SettingChange {
  readonly scores: boolean;
  /** The file of the project that has changed, where it is one that a command names. */
  readonly file?: string;
}

/** What of a spec a workspace keeps. */
export interface RecordedSpec {
  /** The file's text as the user wrote it. */
  readonly text: string;
  /** Defaults filled in, overrides applied, `${VAR}` unexpanded. */
  readonly raw: JsonObject;
  readonly hash: string;
  readonly overrides: JsonObject;
  /** Absolute path of the spec's file. */
  readonly file: string;
  /** What the spec takes from elsewhere, by hashes of the run of this id. Default: nothing. */
  readonly sources?: (runId: string) => readonly SourceRecord[];
  /** How it and what it takes from elsewhere differ from what a run recorded, and what of that scores depend on. */
  readonly changes: (previous: RunManifest) => readonly JudgedChange[];
}

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
  /** The project's folder, where trials run. Default: the folder of the module that `aura run` was given, else the current one. */
  readonly root?: string;
  /** Files and folders of the project that evolve across iterations. */
  readonly artifacts?: readonly (string | Artifact)[];
  /**
   * Read-only data, relative to the project: for trials, and listed in prompts, with `show: "full"` in full. Default: none but
   * what lies in the workspace's `inputsDir()`.
   */
  readonly inputs?: readonly (string | InputOption)[];
  /** The state that the next iteration starts from: the best so far (the default), or with `none` the best of the last one. */
  readonly rollback?: RunSettings["rollback"];
  /** Extra attempts after a trial's own failure. Default 0. */
  readonly retries?: number;
  /** Iterations whose insights reach the researcher. Default: `null`, all. */
  readonly insightWindow?: number | null;
  /** Free-form, for every stage and its prompts; `timeBudget`, seconds or text like `5m`, also bounds each trial. Default: none. */
  readonly constraints?: JsonObject;
}

/** A file or folder of read-only data; `show: "full"` puts what is in it into prompts. Default: its name. */
export interface InputOption {
  readonly path: string;
  readonly show?: "name" | "full";
}

const DEFAULT_METRIC: MetricSettings = {
  name: "score",
  direction: "maximize",
  minDelta: LEAST_DELTA,
};

/** Complete settings from what was said, the evaluator's own metric and inputs, and the defaults. */
export function settingsFrom(
  options: SettingsOptions & { readonly workspace: Pick<Workspace, "root" | "module" | "ownInputs"> },
  evaluator: Pick<Evaluator, "metric" | "inputs">,
  experimenter: Pick<Experimenter, "inputs"> = {},
): RunSettings {
  const given = options.settings ?? {};
  const name = options.name ?? given.name ?? options.workspace.root.split("/").filter(Boolean).at(-1) ?? "run";
  const { module, ownInputs } = options.workspace;
  const constraints = options.constraints ?? given.constraints ?? {};
  const { artifacts = given.artifacts, inputs } = options;
  const root = resolve(options.root ?? given.root ?? (module === null ? "." : dirname(module)));
  const stop = { ...DEFAULT_SETTINGS.stop, ...given.stop };
  const known = (input: string | InputOption) => inputSetting(input, root);
  return {
    ...DEFAULT_SETTINGS,
    ...given,
    root,
    artifacts: artifactPaths(artifacts ?? []),
    inputs: [...(inputs?.map(known) ?? given.inputs ?? []), ...ownInputs.map(known)],
    constraints,
    ...timeBudget(constraints),
    name,
    hidden: hiddenPaths([evaluator, experimenter], root),
    metric: { ...DEFAULT_METRIC, ...evaluator.metric, ...given.metric, ...options.metric },
    stop: options.maxIterations === undefined ? stop : { ...stop, iterations: options.maxIterations },
    ...defined({ goal: options.goal, seed: options.seed, parallel: options.parallel }),
    ...defined({ rollback: options.rollback, retries: options.retries, insightWindow: options.insightWindow }),
    ...defined({ timeBudgetMs: given.timeBudgetMs }),
  };
}

/** An input as a run knows it: one inside the project by its path from there. */
export function inputSetting(input: string | InputOption, root: string): RunSettings["inputs"][number] {
  const { path, show = "name" } = typeof input === "string" ? { path: input } : input;
  const named = isAbsolute(path) && isWithin(path, root) ? relative(root, path) : tidy(path);
  return { path: named, absolutePath: resolve(root, path), show };
}

/** Longest that a trial may run: what `constraints` say, as a spec calls it or as code does. */
function timeBudget({ timeBudget, time_budget = timeBudget }: JsonObject): Partial<RunSettings> {
  return isDuration(time_budget) ? { timeBudgetMs: parseDuration(time_budget) } : {};
}

function isDuration(value: unknown): value is number | string {
  return misfit(value, TIME_LIMIT) === null;
}

/** Settings with what is said over them; each is checked. Throws `UsageError` naming what is not what it has to be. */
export function overridden(settings: RunSettings, overrides: RunOverrides): RunSettings {
  const { maxIterations, parallel, seed } = overrides;
  const { maxIterations: iterations, parallel: trials, seed: start } = PIPELINE;
  assertOptions("Pipeline.run", overrides, { maxIterations: iterations, parallel: trials, seed: start });
  const stop = maxIterations === undefined ? settings.stop : { ...settings.stop, iterations: maxIterations };
  return { ...settings, stop, ...defined({ parallel, seed }) };
}

/** The same by the paths that a spec has for them. */
export function overridePaths({ maxIterations, parallel, seed }: RunOverrides): JsonObject {
  return defined({ "stop.iterations": maxIterations, parallel, seed });
}

/** What only an evaluator or an experimenter may see, as absolute paths. */
export function hiddenPaths(parts: readonly Pick<Evaluator, "inputs">[], root: string): readonly string[] {
  const inputs = parts.flatMap((part) => part.inputs ?? []);
  return inputs.filter((path) => typeof path === "string").map((path) => resolve(root, path));
}

/** Values that are to stand nowhere: those given, and those of secrets that parts let their processes have. */
export function hiddenValues(options: PipelineOptions): readonly string[] {
  const { researcher, experimenter, evaluator, reviewer, keyVariables = [], secrets = [] } = options;
  const passed = [researcher, experimenter, evaluator, reviewer].flatMap((part) => part?.passEnv ?? []);
  const { variables } = options.workspace.effects;
  const names = passed.filter((name) => isSecretName(name) || keyVariables.includes(name));
  return [...secrets, ...names.flatMap((name) => variables.get(name) ?? [])];
}

/** Throws `UsageError` naming each option of a pipeline in code that is missing, unknown or not what it has to be. */
export function assertPipelineOptions(options: unknown): void {
  assertOptions("these options make no Pipeline", options, PIPELINE);
}

const texts = ofSchema({ type: "array", items: { type: "string" } });
const paths: Expectation = { expected: "a list of paths or artifacts", holds: isPaths };
const { path, show } = settingsSchema.properties.inputs.items.properties;
const inputs: Expectation = {
  expected: "a list of paths, or of { path, show }",
  holds: ofSchema({ type: "array", items: { anyOf: [path, exactly(["show"], { path, show })] } }).holds,
};
const constraints: Expectation = {
  expected: "an object; its timeBudget, where it has one, is seconds or a duration like 5m",
  holds: (value) =>
    isObject(value) && [value.timeBudget, value.time_budget].every((one) => one === undefined || isDuration(one)),
};
const SETTINGS = inSchema(settingsSchema.properties);
const metric = objectOf(inSchema(settingsSchema.properties.metric.properties));

const PIPELINE = {
  researcher: required(doing("hypothesize", "a researcher")),
  experimenter: required(doing("runExperiment", "an experimenter")),
  evaluator: required(doing("evaluate", "an evaluator")),
  reviewer: doing("review", "a reviewer"),
  workspace: required(doing("lock", "a Workspace")),
  settings: objectOf({ ...SETTINGS, metric, constraints, artifacts: paths }),
  maxIterations: whole(1),
  metric,
  goal: TEXT,
  seed: SETTINGS.seed,
  parallel: SETTINGS.parallel,
  name: TEXT,
  root: TEXT,
  artifacts: paths,
  inputs,
  rollback: SETTINGS.rollback,
  retries: SETTINGS.retries,
  insightWindow: SETTINGS.insightWindow,
  constraints,
  spec: objectOf(),
  from: TEXT,
  secrets: texts,
  keyVariables: texts,
  retryFailed: { expected: "true, or a list of ids", holds: (value) => value === true || texts.holds(value) },
  // With `...resolved` of a spec.
  loaded: objectOf(),
} satisfies Readonly<Record<keyof PipelineOptions | "loaded", Expectation>>;

function isPaths(value: unknown): boolean {
  return (
    Array.isArray(value) &&
    value.every((one) => typeof one === "string" || (isObject(one) && typeof one.path === "string"))
  );
}
