import { countedAfter } from "../../kernel/archive.ts";
import type { Files } from "../../kernel/effects.ts";
import type { CallRecord } from "../../model/call.ts";
import type { Evaluation } from "../../model/evaluation.ts";
import { type HypothesisId, hypothesisId } from "../../model/ids.ts";
import type { Insight } from "../../model/insight.ts";
import { type RefusedProposal, WHOLE_REPLY } from "../../model/iteration.ts";
import { isJsonObject } from "../../model/json.ts";
import { isUnderWay, type RunManifest } from "../../model/run.ts";
import type { BestView, CallRow, CallSum, CallsView, HypothesisRow, SummaryView } from "../../model/views.ts";
import { experimentFile } from "../layout.ts";
import { notFound } from "../locate.ts";
import { type LockObserver, peekLock } from "../lock/holder.ts";
import { readManifest } from "../manifest.ts";
import { Records } from "../records.ts";
import { readRollbacks } from "../rollbacks.ts";
import type { StateRecords } from "../states/index.ts";
import type { Workspace } from "../workspace.ts";
import { type Standing, standing } from "./standing.ts";

/** What read-only questions about a workspace need: no lock, no write permission, nothing heavy. */
export type Observer = LockObserver;

/** The manifest of the run to look at. Throws `WorkspaceError` ("not-found") when there is none. */
export function manifestOf(root: string, files: Files): RunManifest {
  const manifest = readManifest({ root, files });
  if (!manifest) throw notFound(root, files);
  return manifest;
}

/** What the manifest says the run is doing, unless the process that was doing it is dead. */
function statusNow(root: string, manifest: RunManifest, observer: Observer): RunManifest["status"] {
  if (manifest.status !== "created" && !isUnderWay(manifest)) return manifest.status;
  const { state } = peekLock(root, observer);
  return state === "held" || state === "foreign" ? manifest.status : "interrupted";
}

/**
 * Answers of `aura inspect`. All take no lock, write nothing, and work while the run is live and from a read-only copy.
 * They throw `WorkspaceError`: "not-found" when there is no run, "damaged" for a record they need and cannot read.
 */
export function inspectSummary(root: string, observer: Observer): SummaryView {
  const records = new Records({ root, files: observer.files });
  const manifest = manifestOf(root, observer.files);
  const { hypotheses, best } = standing(records, manifest);
  return {
    name: manifest.name,
    runId: manifest.runId,
    status: statusNow(root, manifest, observer),
    reason: manifest.reason ?? null,
    message: manifest.message ?? null,
    workspace: root,
    createdAt: manifest.createdAt,
    updatedAt: manifest.updatedAt,
    seed: manifest.seed,
    from: manifest.from ?? null,
    iterationsCompleted: manifest.iterationsCompleted,
    hypotheses,
    metric: metricOf(manifest),
    best: viewOfBest(records, best),
    baseline: baselineOf(records, manifest),
    totals: manifest.totals,
    lastInsights: lastInsights(records),
  };
}

/** The best hypothesis, or `null` when none has a score yet. */
export function inspectBest(root: string, { files }: Pick<Observer, "files">): BestView | null {
  const records = new Records({ root, files });
  return viewOfBest(records, standing(records, manifestOf(root, files)).best);
}

/** What has to be read of a run to find a state of it by its name. */
export function stateRecordsOf(workspace: Workspace): StateRecords {
  return {
    best: () => inspectBest(workspace.root, workspace.effects)?.id ?? null,
    // A folder without a record is an iteration that a killed run had only begun to begin.
    lastIteration: () => workspace.listIterations().findLast((n) => workspace.readIteration(n) !== null) ?? null,
    readIteration: (iteration) => workspace.readIteration(iteration),
    readExperiment: (id) => workspace.readExperiment(id),
    listHypotheses: (iteration) => workspace.listHypotheses(iteration),
  };
}

/** Which hypotheses are listed, and in which order. */
export interface Chosen {
  /** `score`: the best first, then those without one. Default: in the order of ids. */
  readonly sort?: "id" | "score";
  /** No more than so many, from the first on. */
  readonly top?: number;
}

/** The hypotheses of the run: all of them in the order of their ids, unless others are chosen. */
export function inspectHypotheses(
  root: string,
  { files }: Pick<Observer, "files">,
  { sort = "id", top }: Chosen = {},
): readonly HypothesisRow[] {
  const records = new Records({ root, files });
  const { direction } = metricOf(manifestOf(root, files));
  const worst = Number.NEGATIVE_INFINITY;
  const rank = ({ score }: HypothesisRow): number =>
    score === null ? worst : direction === "minimize" ? -score : score;
  const isCounted = countedAfter(readRollbacks(records));
  const rows = records.listIterations().flatMap((iteration) => {
    return records.listHypotheses(iteration).flatMap((id) => {
      const row = hypothesisRow(records, iteration, id);
      return row ? [{ ...row, counts: isCounted(id) }] : [];
    });
  });
  // Of two without a score the difference is no number.
  const sorted = sort === "score" ? rows.sort((a, b) => rank(b) - rank(a) || 0) : rows;
  return sorted.slice(0, top);
}

export interface RefusedRow extends RefusedProposal {
  readonly iteration: number;
}

/** Proposals that became no hypothesis, or else why there were none, with the reasons, in the order of their iterations. */
export function inspectRefused(root: string, { files }: Pick<Observer, "files">): readonly RefusedRow[] {
  const records = new Records({ root, files });
  return records.listIterations().flatMap((iteration) => {
    const record = records.readIteration(iteration);
    if (record === null || record.state === "started") return [];
    const { refused, failure } = record;
    const isTold = failure === undefined || refused.some(({ reason }) => failure.message.endsWith(reason));
    const whole = isTold ? [] : [{ label: WHOLE_REPLY, reason: failure.message }];
    return [...refused, ...whole].map((one) => ({ iteration, ...one }));
  });
}

/** Every insight, oldest iteration first. */
export function inspectInsights(root: string, { files }: Pick<Observer, "files">): readonly Insight[] {
  manifestOf(root, files);
  const records = new Records({ root, files });
  return records.listIterations().flatMap((iteration) => records.readInsights(iteration) ?? []);
}

/** Every model or command-runner call, in the order of iterations and ids, and what they used together. */
export function inspectCalls(root: string, { files }: Pick<Observer, "files">): CallsView {
  manifestOf(root, files);
  const records = new Records({ root, files });
  const calls = records.listIterations().flatMap((iteration) =>
    records.listCalls(iteration).flatMap((id) => {
      const call = records.readCall(iteration, id);
      return call ? [callRow(call)] : [];
    }),
  );
  return { calls, sums: callSums(calls) };
}

/** What is recorded of a best, by its id. */
export function bestView(records: Records, best: RunManifest["best"]): BestView | null {
  return viewOfBest(records, best && { ...best, passed: records.readEvaluation(best.id)?.passed ?? false });
}

function viewOfBest(records: Records, best: Standing["best"]): BestView | null {
  const hypothesis = best && records.readHypothesis(best.id);
  if (!best || !hypothesis) return null;
  const { id, score, passed } = best;
  return { id, label: hypothesis.label ?? null, score, passed, spec: hypothesis.spec };
}

/** The metric of a run as its spec has it. */
export function metricOf({ spec }: RunManifest): SummaryView["metric"] {
  const metric = isJsonObject(spec.metric) ? spec.metric : {};
  return {
    name: typeof metric.name === "string" ? metric.name : null,
    direction: metric.direction === "minimize" ? "minimize" : "maximize",
  };
}

function baselineOf(records: Records, { spec }: RunManifest): number | null {
  const metric = isJsonObject(spec.metric) ? spec.metric : {};
  if (typeof metric.baseline === "number") return metric.baseline;
  return records.readEvaluation(hypothesisId(0, 0))?.score ?? null;
}

function lastInsights(records: Records): readonly Insight[] {
  for (const iteration of records.listIterations().toReversed()) {
    const insights = records.readInsights(iteration);
    if (insights) return insights;
  }
  return [];
}

function hypothesisRow(records: Records, iteration: number, id: HypothesisId): Omit<HypothesisRow, "counts"> | null {
  const hypothesis = records.readHypothesis(id);
  if (!hypothesis) return null;
  const evaluation = records.readEvaluation(id);
  return {
    id,
    iteration,
    label: hypothesis.label ?? null,
    status: statusOf(records, id, evaluation),
    score: evaluation?.score ?? null,
    passed: evaluation?.passed ?? null,
    reason: evaluation?.reason ?? null,
    spec: hypothesis.spec,
    edits: hypothesis.edits?.length ?? 0,
  };
}

function statusOf(records: Records, id: HypothesisId, evaluation: Evaluation | null): HypothesisRow["status"] {
  if (evaluation) return evaluation.score === null ? "failed" : "scored";
  return records.files.stat(experimentFile(records.root, id)) === null ? "proposed" : "experimented";
}

function callRow(call: CallRecord): CallRow {
  const { id, role, iteration, ask, runner, state, attempts } = call;
  const ended = call.state === "started" ? null : call;
  const usage = ended?.usage;
  return {
    id,
    role,
    iteration,
    ask,
    runner,
    state,
    hypothesisId: call.hypothesisId ?? null,
    model: call.model ?? null,
    attempts,
    promptLength: call.prompt.length,
    responseLength: call.state === "started" ? null : (call.response?.length ?? null),
    inputTokens: usage?.inputTokens ?? null,
    outputTokens: usage?.outputTokens ?? null,
    estimated: usage?.estimated ?? false,
    costUsd: usage?.costUsd ?? null,
    durationMs: ended?.durationMs ?? null,
    failure: call.state === "failed" ? call.failure.message : null,
  };
}

/** What calls used together, by the stage that asked, by runner, and by iteration; in the order in which each first comes. */
export function callSums(calls: readonly CallRow[]): readonly CallSum[] {
  const ways = [
    { by: "stage", nameOf: ({ role }: CallRow) => role },
    { by: "runner", nameOf: ({ runner }: CallRow) => runner },
    { by: "iteration", nameOf: ({ iteration }: CallRow) => String(iteration) },
  ] as const;
  return ways.flatMap(({ by, nameOf }) =>
    [...new Set(calls.map(nameOf))].map((name) => {
      const these = calls.filter((call) => nameOf(call) === name);
      return { by, name, ...sumOf(these) };
    }),
  );
}

function sumOf(calls: readonly CallRow[]): Omit<CallSum, "by" | "name"> {
  const answered = calls.filter(({ inputTokens }) => inputTokens !== null);
  const sum = (of: (call: CallRow) => number | null): number =>
    answered.reduce((total, call) => total + (of(call) ?? 0), 0);
  return {
    calls: calls.length,
    inputTokens: sum((call) => call.inputTokens),
    outputTokens: sum((call) => call.outputTokens),
    estimated: answered.filter(({ estimated }) => estimated).length,
    costUsd: sum((call) => call.costUsd),
    unpriced: answered.filter(({ costUsd }) => costUsd === null).length,
  };
}
