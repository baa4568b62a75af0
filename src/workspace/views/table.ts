import type { Files } from "../../kernel/effects.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "../../model/json.ts";
import type { HypothesisRow } from "../../model/views.ts";
import { Records } from "../records.ts";
import { inspectHypotheses } from "./queries.ts";

/** The columns of every run, in the order of a table: between them parameters are called `param.…`, metrics `metric.…`. */
export const COLUMNS = {
  before: ["id", "label"],
  between: ["score", "passed", "counts"],
  after: ["status", "seconds", "started", "parents", "reason"],
} as const;

/** Every hypothesis of a run, in the order of ids, with its parameters and all of its metrics: for tables, so flat. */
export function inspectTable(root: string, { files }: { readonly files: Files }): readonly JsonObject[] {
  const records = new Records({ root, files });
  return inspectHypotheses(root, { files }).map((row) => tableRow(records, row));
}

function tableRow(records: Records, row: HypothesisRow): JsonObject {
  const { id, label, spec, score, passed, counts, status, reason } = row;
  const hypothesis = records.readHypothesis(id);
  const base = hypothesis?.base ? [hypothesis.base.hypothesisId] : [];
  const evaluation = records.readEvaluation(id);
  return {
    id,
    label,
    ...Object.fromEntries(flat("param", spec)),
    score,
    passed,
    counts,
    ...Object.fromEntries(flat("metric", records.readExperiment(id)?.summary ?? {})),
    ...Object.fromEntries(flat("metric", evaluation?.metrics ?? {})),
    status,
    ...timesOf(records, row),
    parents: hypothesis?.parents ?? base,
    reason,
  };
}

/** When its first trial began, and how long all of its trials and checks took, repeated ones included. */
function timesOf(records: Records, { id, iteration }: HypothesisRow): JsonObject {
  const trials = records.listTrials(iteration).filter((trial) => trial.startsWith(`${id}-`));
  const attempts = trials.flatMap((trial) => records.readTrialRecord(trial)?.attempts ?? []);
  const started = attempts.map(({ startedAt }) => startedAt).sort();
  const durations = attempts.flatMap(({ durationMs }) => durationMs ?? []);
  const total = durations.reduce((sum, each) => sum + each, 0);
  return { seconds: durations.length === 0 ? null : total / 1000, started: started[0] ?? null };
}

function flat(name: string, value: JsonValue): readonly (readonly [string, JsonValue])[] {
  if (!isJsonObject(value)) return [[name, value]];
  return Object.entries(value).flatMap(([key, item]) => flat(`${name}.${key}`, item));
}
