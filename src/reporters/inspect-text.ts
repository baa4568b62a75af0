import { formatCost, formatCount, formatDuration, formatScore, parametersOf, parametersText } from "../text/numbers.ts";
import { terminalLine } from "../text/printable.ts";
import { truncate, wrapText } from "../text/width.ts";
import type {
  BestData,
  CallData,
  HypothesisData,
  InsightData,
  MetricData,
  ShowData,
  SummaryData,
} from "./inspect-data.ts";
import { outline } from "./outline.ts";
import { textTable } from "./text-table.ts";

/** Columns assumed where the caller knows none. */
const DEFAULT_WIDTH = 120;
const MARKS: Readonly<Record<string, string>> = { failed: "x", running: ">", waiting: " " };

/** `aura inspect`: where a run stands, its best and what was learned, as text for people. */
export function summaryText(data: SummaryData, width = DEFAULT_WIDTH): string {
  const { hypotheses, totals, metric, best } = data;
  const reason = data.reason === undefined ? "" : ` (${terminalLine(data.reason)})`;
  const tokens = totals.inputTokens + totals.outputTokens;
  const spent = [
    `${totals.trials} trials`,
    ...(totals.calls > 0 ? [`${totals.calls} calls`] : []),
    ...(tokens > 0 ? [`${formatCount(tokens)} tokens`] : []),
    ...(totals.costUsd > 0 ? [formatCost(totals.costUsd)] : []),
    formatDuration(totals.activeMs),
  ];
  const counts = `${hypotheses.total} (${hypotheses.scored} scored, ${hypotheses.failed} failed)`;
  const facts: (readonly [string, string])[] = [
    ["run", `${terminalLine(data.name)}  ${data.runId}`],
    ["status", `${terminalLine(data.status)}${reason}`],
    ["workspace", terminalLine(data.workspace)],
    ["metric", metricText(metric)],
    ["iterations", String(data.iterationsCompleted)],
    ["hypotheses", counts],
    ["spent", spent.join(", ")],
  ];
  const lines = facts.map(([name, value]) => `${name.padEnd(10)}  ${value}`);
  lines.push("", ...(best ? bestLines(best, metric, width) : [`best        ${noBest(hypotheses.scored)}`]));
  const latest = data.insights.slice(-3);
  if (latest.length > 0) lines.push("", "insights", ...latest.flatMap((insight) => insightLines(insight, width)));
  return text(lines);
}

/** `aura inspect … hypotheses`: one line a hypothesis, `*` for the best, `+` for passed, `x` for failed, `-` for one that does not count. */
export function hypothesesText(
  rows: readonly HypothesisData[],
  options: { readonly bestId?: string | null; readonly metric?: MetricData; readonly width?: number } = {},
): string {
  if (rows.length === 0) return "no hypotheses yet\n";
  const { bestId = null, metric, width = DEFAULT_WIDTH } = options;
  const cells = rows.map((row) => [
    markOf(row, bestId),
    row.id,
    row.label ?? "",
    row.score === null ? row.status : formatScore(row.score),
    row.score === null && row.reason
      ? `${row.reason}  ${parametersText(parametersOf(row.spec))}`
      : parametersText(parametersOf(row.spec)),
  ]);
  const columns = [
    { head: "" },
    { head: "hypothesis" },
    { head: "label", max: 28 },
    { head: metric ? terminalLine(metric.name) : "score", max: 16 },
    { head: "parameters" },
  ];
  const labelled = cells.some((row) => row[2] !== "");
  const keep = <T>(list: readonly T[]): readonly T[] => list.filter((_, index) => labelled || index !== 2);
  return text(textTable(keep(columns), cells.map(keep), width));
}

function markOf({ id, counts, passed, status }: HypothesisData, bestId: string | null): string {
  if (id === bestId) return "*";
  if (!counts) return "-";
  return passed ? "+" : (MARKS[status] ?? " ");
}

/** Proposals that became no hypothesis; empty when there are none. */
export function refusedText(
  rows: readonly { readonly iteration: number; readonly label: string; readonly reason: string }[],
  width = DEFAULT_WIDTH,
): string {
  if (rows.length === 0) return "";
  const cells = rows.map(({ iteration, label, reason }) => [String(iteration), label, reason]);
  const columns = [{ head: "iteration" }, { head: "refused", max: 28 }, { head: "reason" }];
  return text(["", ...textTable(columns, cells, width)]);
}

/** `aura inspect … best`: the best hypothesis with all of its parameters in full. */
export function bestText(
  best: BestData | null,
  { metric, scored }: { readonly metric: MetricData; readonly scored: number },
  width = DEFAULT_WIDTH,
): string {
  if (!best) return `${noBest(scored)}\n`;
  const [head = ""] = bestLines(best, metric, width);
  return text([head, ...outline(best.spec, "  ")]);
}

/** `aura inspect … show ID`: everything recorded of one hypothesis. */
export function showText({ hypothesis, experiment, evaluation }: ShowData, width = DEFAULT_WIDTH): string {
  const { id, label, rationale, spec, edits, metadata } = hypothesis;
  const lines = [label === undefined ? id : `${id}  ${terminalLine(label)}`];
  const section = (name: string, body: readonly string[]): void => {
    if (body.length > 0) lines.push("", name, ...body);
  };
  if (evaluation) {
    const score = evaluation.score === null ? "no score" : `score ${evaluation.score}`;
    lines.push(`${score}, ${evaluation.passed ? "passed" : "not passed"}: ${terminalLine(evaluation.reason)}`);
  }
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
  if (evaluation && Object.keys(evaluation.details).length > 0) section("details", outline(evaluation.details, "  "));
  return text(lines);
}

/** `aura inspect … insights`: all findings with their recommendations, oldest first. */
export function insightsText(insights: readonly InsightData[], width = DEFAULT_WIDTH): string {
  if (insights.length === 0) return "no insights yet\n";
  return text(insights.flatMap((insight) => insightLines(insight, width)));
}

/** `aura inspect … calls`: one line a model or command-runner call. */
export function callsText(calls: readonly CallData[], width = DEFAULT_WIDTH): string {
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
  const rows = calls.map(({ id, role, state, usage, durationMs, runner, model }) => [
    id,
    role,
    state,
    usage ? formatCount(usage.inputTokens + usage.outputTokens) : "",
    usage?.costUsd === undefined ? "" : formatCost(usage.costUsd),
    durationMs === undefined ? "" : formatDuration(durationMs),
    model === undefined ? runner : `${runner} ${model}`,
  ]);
  return text(textTable(columns, rows, width));
}

/** After a rollback or an accepted change there may be scores that do not count. */
function noBest(scored: number): string {
  return scored === 0 ? "nothing was scored yet" : "nothing that counts was scored yet";
}

function bestLines(best: BestData, metric: MetricData, width: number): readonly string[] {
  const label = best.label ? `  ${truncate(terminalLine(best.label), 60)}` : "";
  const passed = best.passed ? "passed" : "not passed";
  const head = `best        ${terminalLine(metric.name)} ${best.score}  ${best.id}${label}  (${passed})`;
  const parameters = parametersText(parametersOf(best.spec));
  return parameters === ""
    ? [head]
    : [head, ...wrapText(parameters, width - 12, 6).map((line) => `            ${line}`)];
}

function metricText({ name, direction, baseline }: MetricData): string {
  const than = baseline === undefined ? "" : `, baseline ${baseline}`;
  return `${terminalLine(name)}, ${direction}${than}`;
}

function insightLines({ finding, recommendation, iteration }: InsightData, width: number): readonly string[] {
  const from = iteration === undefined ? "" : `[${iteration}] `;
  const wrap = (lead: string, body: string): readonly string[] =>
    wrapText(terminalLine(body), width - lead.length, 12).map(
      (line, i) => (i === 0 ? lead : " ".repeat(lead.length)) + line,
    );
  return [...wrap(`  - ${from}`, finding), ...(recommendation ? wrap("    -> ", recommendation) : [])];
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
