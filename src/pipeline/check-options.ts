import { assertOptions, type Expectation, type Expectations, isObject } from "../kernel/given-options.ts";
import type { MetricSettings, RunSettings, StopSettings } from "../model/settings.ts";
import type { PipelineOptions } from "./options.ts";

/** Throws `UsageError` naming each option of a pipeline in code that is missing, unknown or not what it has to be. */
export function assertPipelineOptions(options: unknown): void {
  assertOptions("these options make no Pipeline", options, PIPELINE);
}

const text: Expectation = { expected: "text", holds: (value) => typeof value === "string" };
const list: Expectation = { expected: "a list", holds: Array.isArray };
const texts: Expectation = { expected: "a list of texts", holds: isTexts };
const textsOrNull: Expectation = {
  expected: "a list of texts, or null",
  holds: (value) => value === null || isTexts(value),
};
const finite: Expectation = { expected: "a finite number", holds: (value) => Number.isFinite(value) };
const positive: Expectation = {
  expected: "a number above 0",
  holds: (value) => typeof value === "number" && value > 0,
};

const PIPELINE = {
  researcher: { ...doing("hypothesize", "a researcher"), required: true },
  experimenter: { ...doing("runExperiment", "an experimenter"), required: true },
  evaluator: { ...doing("evaluate", "an evaluator"), required: true },
  reviewer: doing("review", "a reviewer"),
  workspace: { ...doing("lock", "a Workspace"), required: true },
  settings: objectOf(settings()),
  maxIterations: whole(1),
  metric: objectOf(metric()),
  goal: text,
  seed: whole(0),
  parallel: whole(1),
  name: text,
  root: text,
  artifacts: { expected: "a list of paths or artifacts", holds: isPaths },
  spec: objectOf(),
  secrets: texts,
  keyVariables: texts,
  retryFailed: { expected: "true, or a list of ids", holds: (value) => value === true || isTexts(value) },
  // With `...resolved` of a spec.
  loaded: objectOf(),
} satisfies Readonly<Record<keyof PipelineOptions | "loaded", Expectation>>;

function settings(): Readonly<Record<keyof RunSettings, Expectation>> {
  return {
    name: text,
    goal: text,
    seed: whole(0),
    metric: objectOf(metric()),
    stop: objectOf(stop()),
    parallel: whole(1),
    retries: whole(0),
    insightWindow: { expected: "a whole number, or null", holds: (value) => value === null || isWhole(value, 0) },
    constraints: objectOf(),
    timeBudgetMs: positive,
    inputs: list,
    root: text,
    artifacts: { expected: "a list of paths", holds: isPaths },
    files: textsOrNull,
    rollback: oneOf("best", "none"),
    keep: oneOf("all", "best", "failed", "none"),
    keepFiles: texts,
    checks: list,
  };
}

function metric(): Readonly<Record<keyof MetricSettings, Expectation>> {
  return {
    name: text,
    direction: oneOf("maximize", "minimize"),
    baseline: finite,
    target: finite,
    minDelta: objectOf({ kind: oneOf("absolute", "relative"), value: finite }),
  };
}

function stop(): Readonly<Record<keyof StopSettings, Expectation>> {
  return {
    iterations: whole(1),
    hypotheses: whole(1),
    patience: whole(1),
    wallClockMs: positive,
    tokens: positive,
    costUsd: positive,
    failures: whole(1),
  };
}

function doing(method: string, what: string): Expectation {
  return {
    expected: `${what}: an object with ${method}()`,
    holds: (value) => isObject(value) && typeof value[method] === "function",
  };
}

function objectOf(parts?: Expectations): Expectation {
  return { expected: "an object", holds: isObject, ...(parts === undefined ? {} : { parts }) };
}

function whole(least: number): Expectation {
  return { expected: `a whole number of at least ${least}`, holds: (value) => isWhole(value, least) };
}

function oneOf(...values: readonly string[]): Expectation {
  const known: readonly unknown[] = values;
  return { expected: values.join(" or "), holds: (value) => known.includes(value) };
}

function isWhole(value: unknown, least: number): boolean {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= least;
}

function isTexts(value: unknown): boolean {
  return Array.isArray(value) && value.every((one) => typeof one === "string");
}

function isPaths(value: unknown): boolean {
  return (
    Array.isArray(value) &&
    value.every((one) => typeof one === "string" || (isObject(one) && typeof one.path === "string"))
  );
}
