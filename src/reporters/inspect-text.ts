import type { Evaluation } from "../model/evaluation.ts";
import type { Experiment } from "../model/experiment.ts";
import type { Hypothesis } from "../model/hypothesis.ts";
import type { Insight } from "../model/insight.ts";
import { isJsonObject, type JsonValue } from "../model/json.ts";
import { isUnderWay, type RunOrigin } from "../model/run.ts";
import type { BestView, CallSum, CallsView, HypothesisRow, SummaryView } from "../model/views.ts";
import {
  formatCost,
  formatCount,
  formatDuration,
  formatSpent,
  parametersOf,
  parametersText,
  scoreFormat,
} from "../text/numbers.ts";
import { terminalLine } from "../text/printable.ts";
import { displayWidth, toWidth, truncate, wrapText } from "../text/width.ts";
import { messageLines } from "./closing.ts";

/** Columns assumed where the caller knows none. */
const DEFAULT_WIDTH = 120;
/** Where there is no terminal, the last column of what is one line each is not cut. */
const UNBOUNDED = Number.POSITIVE_INFINITY;
const MARKS = { "*": "best", "+": "passed", x: "failed", "-": "left out by a rollback" } as const;
type Mark = keyof typeof MARKS | " ";

/** `aura inspect`: where a run stands, its best and what was learned, as text for people. */
export function summaryText(data: SummaryView, width = DEFAULT_WIDTH): string {
  const lines = summaryFacts(data).map(([name, value]) => `${name.padEnd(10)}  ${value}`);
  lines.push("", ...bestLines(data, width));
  const latest = data.lastInsights.slice(-3);
  if (latest.length > 0) lines.push("", "insights", ...latest.flatMap((insight) => insightLines(insight, width)));
  return text(lines);
}

/** Where a run stands, as names and values. */
export function summaryFacts(data: SummaryView): readonly (readonly [name: string, value: string])[] {
  const { hypotheses, totals, from } = data;
  const tokens = totals.inputTokens + totals.outputTokens;
  const spent = [
    `${totals.trials} trials`,
    ...(totals.calls > 0 ? [`${totals.calls} calls`] : []),
    ...(tokens > 0 ? [`${formatCount(tokens)} tokens`] : []),
    ...(totals.costUsd > 0 ? [formatSpent(totals.costUsd, totals.unpriced)] : []),
    formatDuration(totals.activeMs),
  ].join(", ");
  // A live run writes down what it has used every few seconds.
  const asOf = isUnderWay(data) ? `  (as of ${data.updatedAt})` : "";
  const counts = `${hypotheses.total} (${hypotheses.scored} scored, ${hypotheses.failed} failed)`;
  return [
    ["run", `${terminalLine(data.name)}  ${data.runId}`],
    ["status", statusText(data)],
    ...messageLines(data.message ?? "").map((line, at) => [at === 0 ? "why" : "", line] as const),
    ["workspace", terminalLine(data.workspace)],
    ...(from ? [["from", originText(from)] as const] : []),
    ["metric", metricText(data)],
    ["iterations", String(data.iterationsCompleted)],
    ["hypotheses", counts],
    ["spent", `${spent}${asOf}`],
  ];
}

function statusText({ status, reason }: SummaryView): string {
  if (status === "paused" && reason === null) return "paused, until `aura continue`";
  return reason === null || reason === status ? status : `${status} (${reason})`;
}

function originText({ workspace, state, hypotheses }: RunOrigin): string {
  return terminalLine(
    `${workspace}${state ? `@${state.hypothesisId}` : ""}, with ${hypotheses} hypotheses as prior knowledge`,
  );
}

/** `aura inspect … hypotheses`: one line a hypothesis with its mark, and below what the marks mean. */
export function hypothesesText(
  rows: readonly HypothesisRow[],
  { best, metric }: Pick<SummaryView, "best" | "metric">,
  width = UNBOUNDED,
): string {
  if (rows.length === 0) return "no hypotheses yet\n";
  const format = scoreFormat(rows.map(({ score }) => score));
  const cells = rows.map((row) => [
    markOf(row, best),
    row.id,
    row.label ?? "",
    row.score === null ? row.status : format(row.score),
    row.score === null && row.reason
      ? `${row.reason}  ${parametersText(parametersOf(row.spec))}`
      : parametersText(parametersOf(row.spec)),
  ]);
  const columns = [
    { head: "" },
    { head: "hypothesis" },
    { head: "label", max: 28 },
    { head: nameOf(metric), max: 16 },
    { head: "parameters" },
  ];
  const labelled = cells.some((row) => row[2] !== "");
  const keep = <T>(list: readonly T[]): readonly T[] => list.filter((_, index) => labelled || index !== 2);
  return text([...textTable(keep(columns), cells.map(keep), width), ...legend(cells.map(([mark]) => mark))]);
}

function markOf({ id, counts, passed, status }: HypothesisRow, best: BestView | null): Mark {
  if (id === best?.id) return "*";
  if (!counts) return "-";
  if (passed) return "+";
  return status === "failed" ? "x" : " ";
}

/** What the marks that are there mean, in a line. */
function legend(marks: readonly (string | undefined)[]): readonly string[] {
  const shown = Object.entries(MARKS).filter(([mark]) => marks.includes(mark));
  return shown.length === 0 ? [] : ["", shown.map((words) => words.join(" ")).join(", ")];
}

/** Proposals that became no hypothesis; empty when there are none. */
export function refusedText(
  rows: readonly { readonly iteration: number; readonly label: string; readonly reason: string }[],
  width = UNBOUNDED,
): string {
  if (rows.length === 0) return "";
  const cells = rows.map(({ iteration, label, reason }) => [String(iteration), label, reason]);
  const columns = [{ head: "iteration" }, { head: "refused", max: 28 }, { head: "reason" }];
  return text(["", ...textTable(columns, cells, width)]);
}

/** `aura inspect … best`: the best hypothesis with all of its parameters in full. */
export function bestText(summary: Standing): string {
  const { best, hypotheses } = summary;
  if (!best) return `${noBest(hypotheses.scored)}\n`;
  return text([`best        ${bestHead(summary, best)}`, ...outline(best.spec, "  ")]);
}

type Standing = Pick<SummaryView, "best" | "metric" | "hypotheses">;

/** `aura inspect … show ID`: everything recorded of one hypothesis. */
export function showText({ hypothesis, experiment, evaluation }: ShowData, width = DEFAULT_WIDTH): string {
  const { id, label, rationale, spec, edits, metadata, base, parents = [], operator, island } = hypothesis;
  const lines = [label === undefined ? id : `${id}  ${terminalLine(label)}`];
  const section = (name: string, body: readonly string[]): void => {
    if (body.length > 0) lines.push("", name, ...body);
  };
  if (evaluation) {
    const score = evaluation.score === null ? "no score" : `score ${evaluation.score}`;
    lines.push(`${score}, ${evaluation.passed ? "passed" : "not passed"}: ${terminalLine(evaluation.reason)}`);
  }
  if (base) lines.push(`starts from ${base.hypothesisId} (${base.snapshot})`);
  const others = parents.filter((parent) => parent !== base?.hypothesisId);
  if (others.length > 0) lines.push(`made from ${parents.join(", ")}`);
  if (operator !== undefined)
    lines.push(`by ${terminalLine(operator)}${island === undefined ? "" : ` on island ${island}`}`);
  if (evaluation?.feedback)
    section("feedback", wrapText(terminalLine(evaluation.feedback), width - 2, 40).map(indented));
  if (rationale) section("rationale", wrapText(terminalLine(rationale), width - 2, 40).map(indented));
  section("parameters", outline(spec, "  "));
  if (edits)
    section(
      "edits",
      edits.map((edit) => indented("path" in edit ? terminalLine(edit.path) : "diff")),
    );
  if (metadata) section("metadata", outline(metadata, "  "));
  if (experiment) {
    const { trials, checks = [], summary, failure } = experiment;
    section("trials", trialLines([...trials, ...checks], width));
    if (failure) section("failure", outline({ ...failure }, "  "));
    if (summary) section("summary", outline(summary, "  "));
  }
  if (evaluation?.metrics) section("metrics", outline(evaluation.metrics, "  "));
  if (evaluation && Object.keys(evaluation.details).length > 0) section("details", outline(evaluation.details, "  "));
  return text(lines);
}

/** `aura inspect … insights`: all findings with their recommendations, oldest first. */
export function insightsText(insights: readonly Insight[], width = DEFAULT_WIDTH): string {
  if (insights.length === 0) return "no insights yet\n";
  return text(insights.flatMap((insight) => insightLines(insight, width)));
}

/** `aura inspect … calls`: one line a model or command-runner call. */
export function callsText({ calls, sums }: CallsView, width = DEFAULT_WIDTH): string {
  if (calls.length === 0) return "no calls yet\n";
  const columns = [
    { head: "call" },
    { head: "role" },
    { head: "state" },
    { head: "tokens", align: "right" },
    { head: "cost", align: "right" },
    { head: "time", align: "right" },
    { head: "runner" },
  ] as const;
  const rows = calls.map(({ id, role, state, estimated, durationMs, runner, model, ...call }) => [
    id,
    role,
    state,
    call.inputTokens === null || call.outputTokens === null
      ? ""
      : tokensText(call.inputTokens + call.outputTokens, estimated),
    call.costUsd === null ? "" : formatCost(call.costUsd),
    durationMs === null ? "" : formatDuration(durationMs),
    model === null ? runner : `${runner} ${model}`,
  ]);
  return text([...textTable(columns, rows, width), "", ...sumLines(sums, width)]);
}

/** What all calls used, by stage, runner and iteration; of many iterations the last. */
function sumLines(sums: readonly CallSum[], width: number): readonly string[] {
  const columns = [
    { head: "by" },
    { head: "calls", align: "right" },
    { head: "tokens", align: "right" },
    { head: "cost" },
  ] as const;
  const iterations = sums.filter(({ by }) => by === "iteration").slice(-ITERATIONS_SUMMED);
  const shown = [...sums.filter(({ by }) => by !== "iteration"), ...iterations];
  const rows = shown.map(({ by, name, calls, inputTokens, outputTokens, estimated, costUsd, unpriced }) => [
    `${by} ${name}`,
    String(calls),
    tokensText(inputTokens + outputTokens, estimated > 0),
    formatSpent(costUsd, unpriced),
  ]);
  return textTable(columns, rows, width);
}

const ITERATIONS_SUMMED = 20;

/** An estimate is marked as one. */
function tokensText(tokens: number, isEstimated: boolean): string {
  return isEstimated ? `~${formatCount(tokens)}` : formatCount(tokens);
}

/** After a rollback or an accepted change there may be scores that do not count. */
function noBest(scored: number): string {
  return scored === 0 ? "nothing was scored yet" : "nothing that counts was scored yet";
}

function bestLines(summary: Standing, width: number): readonly string[] {
  const { best, hypotheses } = summary;
  if (!best) return [`best        ${noBest(hypotheses.scored)}`];
  const parameters = parametersText(parametersOf(best.spec));
  const lines = parameters === "" ? [] : wrapText(parameters, width - 12, 6);
  return [`best        ${bestHead(summary, best)}`, ...lines.map((line) => `            ${line}`)];
}

/** The best in one line: its score, its id, whether it has passed. */
export function bestHead({ metric }: Pick<SummaryView, "metric">, { id, label, score, passed }: BestView): string {
  const called = label ? `  ${truncate(terminalLine(label), 60)}` : "";
  return `${nameOf(metric)} ${score}  ${id}${called}  (${passed ? "passed" : "not passed"})`;
}

function metricText({ metric, baseline }: SummaryView): string {
  return `${nameOf(metric)}, ${metric.direction}${baseline === null ? "" : `, baseline ${baseline}`}`;
}

/** The name of the metric, of a run in code without one that of what it has. */
export function nameOf({ name }: SummaryView["metric"]): string {
  return terminalLine(name ?? "score");
}

function insightLines(insight: Insight, width: number): readonly string[] {
  const { finding, recommendation, iteration, replaces = [], retracts = [] } = insight;
  const gone = [...replaces.map((id) => `replaces ${id}`), ...retracts.map((id) => `retracts ${id}`)].join(", ");
  const from = `[${iteration}] `;
  const wrap = (lead: string, body: string): readonly string[] =>
    wrapText(terminalLine(body), width - lead.length, 12).map(
      (line, i) => (i === 0 ? lead : " ".repeat(lead.length)) + line,
    );
  return [
    ...wrap(`  - ${from}`, gone === "" ? finding : `${finding} (${gone})`),
    ...(recommendation ? wrap("    -> ", recommendation) : []),
  ];
}

function trialLines(trials: NonNullable<ShowData["experiment"]>["trials"], width: number): readonly string[] {
  const rows = trials.map(({ id, seed, outcome }) => [
    `  ${id}`,
    outcome.status,
    String(seed),
    outcome.status === "completed" ? JSON.stringify(outcome.output) : outcome.failure.message,
  ]);
  return textTable([{ head: "  trial" }, { head: "status" }, { head: "seed" }, { head: "result" }], rows, width);
}

function indented(line: string): string {
  return `  ${line}`;
}

function text(lines: readonly string[]): string {
  return `${lines.join("\n")}\n`;
}

interface ShowData {
  readonly hypothesis: Hypothesis;
  readonly experiment?: Experiment | null;
  readonly evaluation?: Evaluation | null;
}

export interface Column {
  readonly head: string;
  readonly align?: "left" | "right";
  /** Most columns of the terminal it takes; default 40. The last column gets what is left of the line. */
  readonly max?: number;
}

/**
 * A table for people: columns as wide as what is in them (by display width), two blanks apart, each line at most
 * `width` columns, no blanks at line ends. Cells are made safe for a terminal.
 */
export function textTable(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  width: number,
): readonly string[] {
  const cells = rows.map((row) => columns.map((_, index) => terminalLine(row[index] ?? "")));
  const widths = columns.map(({ head, max = 40 }, index) =>
    Math.min(max, Math.max(displayWidth(head), ...cells.map((row) => displayWidth(row[index] ?? "")))),
  );
  const last = columns.length - 1;
  const used = widths.slice(0, last).reduce((sum, each) => sum + each + 2, 0);
  const line = (row: readonly string[]): string =>
    columns
      .map(({ align = "left" }, index) =>
        index === last
          ? truncate(row[index] ?? "", Math.max(10, width - used))
          : toWidth(row[index] ?? "", widths[index] ?? 0, align),
      )
      .join("  ")
      .trimEnd();
  return [line(columns.map(({ head }) => head)), ...cells.map(line)];
}

const MAX_DEPTH = 8;

/** Any JSON value as indented `key: value` lines, each safe for a terminal; texts of several lines stay in lines. */
export function outline(value: JsonValue, indent = "", depth = 0): readonly string[] {
  if (depth >= MAX_DEPTH) return [`${indent}…`];
  if (Array.isArray(value)) return value.flatMap((item: JsonValue) => entry("-", item, indent, depth));
  if (isJsonObject(value)) {
    return Object.entries(value).flatMap(([key, item]) =>
      entry(`${truncate(terminalLine(key), 80)}:`, item, indent, depth),
    );
  }
  return textLines(scalar(value)).map((line) => indent + line);
}

function entry(key: string, value: JsonValue, indent: string, depth: number): readonly string[] {
  const empty = Array.isArray(value) ? value.length === 0 : isJsonObject(value) && Object.keys(value).length === 0;
  if (empty) return [`${indent}${key} none`];
  if (typeof value === "object" && value !== null) {
    return [`${indent}${key}`, ...outline(value, `${indent}  `, depth + 1)];
  }
  const lines = textLines(scalar(value));
  if (lines.length === 1) return [`${indent}${key} ${lines[0] ?? ""}`.trimEnd()];
  return [`${indent}${key}`, ...lines.map((line) => `${indent}  ${line}`)];
}

function scalar(value: string | number | boolean | null | JsonValue): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

function textLines(text: string): readonly string[] {
  return text
    .replace(/\s+$/, "")
    .split(/\r\n|\n|\r/)
    .map(terminalLine);
}
