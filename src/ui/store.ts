import type { AuraEvent } from "../kernel/events.ts";
import { WAITING } from "../kernel/runner.ts";
import type { Evaluation } from "../model/evaluation.ts";
import { failureLine } from "../model/failed.ts";
import type { Hypothesis } from "../model/hypothesis.ts";
import type { HypothesisId } from "../model/ids.ts";
import type { BestSoFar } from "../model/run.ts";
import { trialOutput } from "../model/trial.ts";
import { parametersOf } from "../text/numbers.ts";
import { lastLines, terminalLine } from "../text/printable.ts";
import {
  type BestHistory,
  type BestView,
  type DashboardState,
  type HypothesisRow,
  INITIAL_STATE,
  MAX_NOTES,
  MAX_ROWS,
} from "./state.ts";

const MAX_OUTPUT_LINES = 12;
const MAX_POINTS = 256;

type EventOf<T extends AuraEvent["type"]> = Extract<AuraEvent, { type: T }>;

/**
 * The dashboard after one more event. Pure; the work an event takes does not depend on how many came before it, and a
 * journal replayed through it gives the view the run had (but for the lines of trial output, which no journal holds).
 */
export function reduce(before: DashboardState, event: AuraEvent): DashboardState {
  return settled(change(before, event), event.at);
}

/** Time stands still while the run is paused and nothing runs. */
function settled(state: DashboardState, at: string): DashboardState {
  const { held, running, calls, since, stillSince } = state;
  const isStill = held === "pause" && running.length === 0 && calls.length === 0;
  if (isStill) return stillSince === null ? { ...state, stillSince: at } : state;
  if (stillSince === null || since === null) return state;
  const later = Date.parse(since) + Date.parse(at) - Date.parse(stillSince);
  return { ...state, since: new Date(later).toISOString(), stillSince: null };
}

/** The dashboard after these events, in order. */
export function replay(events: Iterable<AuraEvent>, from: DashboardState = INITIAL_STATE): DashboardState {
  let state = from;
  for (const event of events) state = reduce(state, event);
  return state;
}

function change(state: DashboardState, event: AuraEvent): DashboardState {
  switch (event.type) {
    case "run.started":
      return runStarted(state, event);
    case "run.finished":
      return runFinished(state, event);
    case "preparation.started":
      return { ...state, preparing: text(event.what, 60) };
    case "preparation.finished":
      return { ...state, preparing: null };
    case "warning":
      if (event.code === WAITING) return { ...state, waiting: text(event.message, 300) };
      return {
        ...state,
        counts: { ...state.counts, warnings: state.counts.warnings + 1 },
        warnings: push(state.warnings, text(event.message, 300), MAX_NOTES),
      };
    case "iteration.started":
      return { ...state, iteration: event.iteration, stage: null, batch: { proposed: 0, evaluated: 0 } };
    case "stage.started":
      return { ...state, iteration: event.iteration, stage: event.stage };
    case "hypothesis.proposed":
      return proposed(state, event.hypothesis);
    case "proposal.refused":
      return { ...state, counts: { ...state.counts, refused: state.counts.refused + 1 } };
    case "experiment.finished": {
      const { hypothesisId, status, failure } = event.experiment;
      return status === "completed"
        ? setRow(state, hypothesisId, { status: "evaluating" })
        : failed(
            setRow(state, hypothesisId, {
              status: "failed",
              note: text(failure ? failureLine(failure) : "failed", 200),
            }),
            event,
          );
    }
    case "evaluation.scored":
      return scored(state, event);
    case "best.improved":
      return { ...state, best: bestView(state, event.best, event.previous) };
    case "insight.recorded":
      return insightRecorded(state, event);
    case "iteration.finished":
      return {
        ...state,
        stage: null,
        iterationsCompleted: Math.max(state.iterationsCompleted, event.iteration),
        batch: { proposed: 0, evaluated: 0 },
        totals: { ...event.totals, activeMs: state.totals.activeMs },
        best: bestView(state, event.best),
      };
    case "request.heard":
      return requestHeard(state, event);
    case "settings.changed":
    case "snapshot.taken":
      return state;
    case "trial.started":
    case "trial.output":
    case "trial.finished":
      return trialChange(state, event);
    case "call.started":
    case "call.finished":
    case "call.failed":
      return callChange(state, event);
  }
}

/** A resumed run goes on with what is known of it; what the process before left under way is not running any more. */
function runStarted(state: DashboardState, { run, at }: EventOf<"run.started">): DashboardState {
  const known = run.resumed && state.run?.runId === run.runId ? state : INITIAL_STATE;
  const next: DashboardState = {
    ...known,
    run: { ...run, name: text(run.name, 80), goal: text(run.goal, 600), workspace: text(run.workspace, 300) },
    since: at,
    stage: null,
    iterationsCompleted: run.iterationsCompleted,
    totals: run.totals,
    running: [],
    calls: [],
    waiting: null,
    held: null,
    stillSince: null,
    rows: known.rows.map(withoutWork),
    finished: null,
  };
  return { ...next, best: bestView(next, run.best) };
}

function runFinished(state: DashboardState, event: EventOf<"run.finished">): DashboardState {
  return {
    ...state,
    stage: null,
    iterationsCompleted: event.iterationsCompleted,
    totals: event.totals,
    running: [],
    calls: [],
    waiting: null,
    rows: state.rows.map(withoutWork),
    best: bestView(state, event.best),
    finished: {
      reason: event.reason,
      exitCode: event.exitCode,
      // What was printed is in a panel of its own.
      message: text(event.message?.split("\n")[0] ?? "", 300),
    },
  };
}

/** A note stands with the insights, as both are for the next prompt. */
function requestHeard(state: DashboardState, { kind, text: said = "", at }: EventOf<"request.heard">): DashboardState {
  if (kind !== "note") return { ...state, held: kind === "continue" ? null : kind };
  const note = { id: at, iteration: state.iteration ?? 0, finding: text(`you: ${said}`, 600), recommendation: "" };
  return { ...state, insights: push(state.insights, note, MAX_NOTES) };
}

/** A row when nothing works on it any more. */
function withoutWork(row: HypothesisRow): HypothesisRow {
  return row.status === "scored" || row.status === "failed" ? row : { ...row, status: "unfinished" };
}

function proposed(state: DashboardState, { id, label, spec }: Hypothesis): DashboardState {
  const row: HypothesisRow = {
    id,
    ...(label === undefined ? {} : { label: text(label, 80) }),
    parameters: parametersOf(spec),
    status: "waiting",
    score: null,
    passed: false,
    note: "",
  };
  if (rowIndex(state, id) >= 0) return setRow(state, id, row);
  return {
    ...state,
    batch: { ...state.batch, proposed: state.batch.proposed + 1 },
    counts: { ...state.counts, proposed: state.counts.proposed + 1 },
    totals: { ...state.totals, hypotheses: state.totals.hypotheses + 1 },
    rows: push(state.rows, row, MAX_ROWS),
  };
}

function scored(state: DashboardState, { evaluation, best }: EventOf<"evaluation.scored">): DashboardState {
  const { hypothesisId, score, passed, reason } = evaluation;
  const before = state.rows[rowIndex(state, hypothesisId)];
  const note = score === null && before?.note ? before.note : text(reason, 200);
  const next = setRow(state, hypothesisId, { status: score === null ? "failed" : "scored", score, passed, note });
  const { counts } = state;
  return {
    ...next,
    batch: { ...state.batch, evaluated: state.batch.evaluated + 1 },
    counts: {
      ...counts,
      scored: counts.scored + (score === null ? 0 : 1),
      failed: counts.failed + (score === null ? 1 : 0),
      passed: counts.passed + (passed ? 1 : 0),
    },
    failed: unscored(evaluation) ?? state.failed,
    best: bestView(next, best),
    history: score === null || !best ? state.history : extendHistory(state.history, best.score),
    range: score === null ? state.range : widenRange(state.range, score),
  };
}

/** An evaluator's command that failed, where it printed something. */
function unscored({ hypothesisId: id, score, reason, details }: Evaluation): DashboardState["failed"] {
  const lines = lastLines(typeof details.logTail === "string" ? details.logTail : "", MAX_OUTPUT_LINES);
  return score !== null || lines.length === 0 ? null : { id, reason: text(reason, 200), lines };
}

/** What failed last, where it printed something: else its row says all. */
function failed(state: DashboardState, { experiment }: EventOf<"experiment.finished">): DashboardState {
  const { hypothesisId: id, failure } = experiment;
  const lines = lastLines(failure?.logTail ?? "", MAX_OUTPUT_LINES);
  if (failure === undefined || lines.length === 0) return { ...state, failed: null };
  return { ...state, failed: { id, reason: text(failureLine(failure), 200), lines } };
}

/** One that says what is there already, but for numbers, takes its place; one about the failure that is shown is none. */
function insightRecorded(state: DashboardState, { insight }: EventOf<"insight.recorded">): DashboardState {
  if (state.failed && insight.finding.includes(state.failed.reason.slice(0, 100))) return state;
  const alike = (finding: string): string => finding.replace(/\d+/g, "0");
  const view = {
    id: insight.id,
    iteration: insight.iteration,
    finding: text(insight.finding, 600),
    recommendation: text(insight.recommendation ?? "", 600),
  };
  const others = state.insights.filter(({ finding }) => alike(finding) !== alike(view.finding));
  return { ...state, insights: push(others, view, MAX_NOTES) };
}

function trialChange(
  state: DashboardState,
  event: EventOf<"trial.started" | "trial.output" | "trial.finished">,
): DashboardState {
  const others = state.running.filter((trial) => trial.trialId !== event.trialId);
  switch (event.type) {
    case "trial.started": {
      const { trialId, hypothesisId, attempt, slot, at } = event;
      const trial = { trialId, attempt, slot, startedAt: at, lastLine: null };
      const running = [...others, trial].sort((a, b) => a.slot - b.slot);
      return { ...setRow(state, hypothesisId, { status: "running" }), running };
    }
    case "trial.output": {
      const lastLine = event.line.slice(0, 500);
      if (lastLine.trim() === "") return state;
      const running = state.running.map((trial) => (trial.trialId === event.trialId ? { ...trial, lastLine } : trial));
      return { ...state, running };
    }
    case "trial.finished": {
      const { outcome } = event;
      const note =
        outcome.status === "completed"
          ? trialOutput(outcome) === null
            ? "no metrics"
            : ""
          : text(outcome.status === "failed" ? failureLine(outcome.failure) : outcome.status, 200);
      const next = setRow(state, event.hypothesisId, { note });
      return { ...next, running: others, totals: { ...state.totals, trials: state.totals.trials + 1 } };
    }
  }
}

function callChange(
  state: DashboardState,
  event: EventOf<"call.started" | "call.finished" | "call.failed">,
): DashboardState {
  const others = state.calls.filter((call) => call.callId !== event.callId);
  if (event.type === "call.started") {
    return { ...state, calls: [...others, { callId: event.callId, role: event.role, startedAt: event.at }] };
  }
  const costsNothing = event.type === "call.failed" ? event.usage === undefined : event.reused;
  if (costsNothing) return { ...state, calls: others, waiting: null };
  const { totals } = state;
  const { inputTokens = 0, outputTokens = 0, costUsd } = event.usage ?? {};
  return {
    ...state,
    calls: others,
    waiting: null,
    totals: {
      ...totals,
      calls: totals.calls + 1,
      inputTokens: totals.inputTokens + inputTokens,
      outputTokens: totals.outputTokens + outputTokens,
      costUsd: totals.costUsd + (costUsd ?? 0),
      unpriced: totals.unpriced + (costUsd === undefined ? 1 : 0),
    },
  };
}

/** Looked for from the newest back: what changes is nearly always in the last batch. */
function rowIndex(state: DashboardState, id: HypothesisId): number {
  return state.rows.findLastIndex((row) => row.id === id);
}

function setRow(state: DashboardState, id: HypothesisId, patch: Partial<HypothesisRow>): DashboardState {
  const index = rowIndex(state, id);
  const row = state.rows[index];
  return row ? { ...state, rows: state.rows.with(index, { ...row, ...patch }) } : state;
}

function push<T>(list: readonly T[], item: T, max: number): readonly T[] {
  return [...(list.length >= max ? list.slice(list.length - max + 1) : list), item];
}

function text(value: string, max: number): string {
  return [...terminalLine(value.slice(0, max * 4))].slice(0, max).join("");
}

/**
 * The best hypothesis with what the table knows of it. `previous` tells what it improved on; without it a best that is
 * already shown keeps what it had.
 */
function bestView(state: DashboardState, best: BestSoFar | null, previous?: BestSoFar | null): BestView | null {
  if (!best) return null;
  const shown = state.best;
  if (shown?.id === best.id && shown.score === best.score && previous === undefined) return shown;
  const row = state.rows.findLast(({ id }) => id === best.id);
  const label = row?.label ?? (shown?.id === best.id ? shown.label : undefined);
  const last = previous === undefined ? shown : previous;
  const before = last?.id === best.id ? shown?.before : last?.score;
  return {
    id: best.id,
    score: best.score,
    ...(label === undefined ? {} : { label }),
    parameters: row?.parameters ?? (shown?.id === best.id ? shown.parameters : []),
    ...(before === undefined ? {} : { before }),
  };
}

/** The history with one more best score; halved in resolution when it is full, so that it always spans the whole run. */
function extendHistory({ points, stride, seen }: BestHistory, best: number): BestHistory {
  const due = seen % stride === 0;
  const next = due ? [...points, best] : [...points.slice(0, -1), best];
  if (next.length <= MAX_POINTS) return { points: next, stride, seen: seen + 1 };
  return { points: next.filter((_, index) => index % 2 === 0), stride: stride * 2, seen: seen + 1 };
}

/** The range of scores widened to hold one more. */
function widenRange(range: readonly [number, number] | null, score: number): readonly [number, number] {
  return range ? [Math.min(range[0], score), Math.max(range[1], score)] : [score, score];
}
