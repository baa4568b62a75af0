import { defined } from "../model/json.ts";
import { parseMinDelta } from "../model/score.ts";
import { DEFAULT_SETTINGS, type MetricSettings, type RunSettings, type StopSettings } from "../model/settings.ts";
import { parseCount, parseDuration } from "../model/units.ts";
import { inputSetting } from "../pipeline/options.ts";
import { tidy } from "../pipeline/trackable.ts";
import { specPaths } from "./paths.ts";
import type { Spec } from "./spec-schema.ts";

/** The settings of a run from its validated spec: units read, paths made absolute, defaults filled in. */
export function settingsOf(spec: Spec, dir: string): RunSettings {
  const { root } = specPaths(dir, spec.root);
  const budget = spec.constraints?.time_budget;
  return {
    name: spec.name,
    goal: spec.goal,
    seed: spec.seed,
    metric: metricOf(spec.metric),
    stop: stopOf(spec.stop),
    parallel: spec.parallel,
    retries: spec.retries,
    insightWindow: spec.insight_window ?? null,
    constraints: spec.constraints ?? {},
    ...(budget === undefined ? {} : { timeBudgetMs: parseDuration(budget) }),
    inputs: spec.inputs.map((entry) => inputSetting(entry, root)),
    hidden: [],
    root,
    artifacts: spec.artifacts.map(tidy),
    files: spec.files ?? null,
    rollback: spec.rollback,
    start: spec.start,
    keep: spec.keep,
    keepFiles: spec.keep_files,
    checks: (spec.checks ?? []).map(checkOf),
  };
}

/** The metric of a run. */
export function metricOf(metric: Spec["metric"]): MetricSettings {
  const { name, direction, baseline, target, min_delta: delta } = metric;
  return { name, direction, ...defined({ baseline, target }), minDelta: parseMinDelta(delta) };
}

function stopOf(stop: Spec["stop"]): StopSettings {
  if (!stop) return DEFAULT_SETTINGS.stop;
  const { wall_clock: wallClock, tokens, cost_usd: costUsd, ...counted } = stop;
  return {
    ...defined({ ...counted, costUsd }),
    ...(wallClock !== undefined && { wallClockMs: parseDuration(wallClock) }),
    ...(tokens !== undefined && { tokens: parseCount(tokens) }),
  };
}

function checkOf(check: NonNullable<Spec["checks"]>[number]): RunSettings["checks"][number] {
  const { name, command, shell, timeout } = check;
  return { name, command, shell, ...(timeout === undefined ? {} : { timeoutMs: parseDuration(timeout) }) };
}
