import type { ReactElement } from "react";
import { formatScore, parametersText } from "../../text/numbers.ts";
import { displayWidth, toWidth } from "../../text/width.ts";
import { scoreBar } from "../gauge.ts";
import type { Line, Tone } from "../line.ts";
import type { DashboardState, HypothesisRow, RowStatus } from "../state.ts";
import { metricWords } from "./best.tsx";
import { type PanelContext, spinner } from "./header.tsx";
import { Panel } from "./panel.tsx";

const STATUS_WORDS: Readonly<Record<RowStatus, string>> = {
  waiting: "waiting",
  running: "running",
  evaluating: "scoring",
  scored: "",
  failed: "failed",
  unfinished: "unfinished",
};

export interface TableContext extends PanelContext {
  readonly scroll: number;
  readonly tableRows: number;
}

/** The hypotheses, newest first, as many as fit. */
export function Hypotheses(props: TableContext & { readonly height: number }): ReactElement {
  const { state, width, color, height, scroll, tableRows } = props;
  const { counts, rows } = state;
  const about = [
    `${counts.scored} scored`,
    ...(counts.passed > 0 ? [`${counts.passed} passed`] : []),
    ...(counts.failed > 0 ? [`${counts.failed} failed`] : []),
    ...(counts.refused > 0 ? [`${counts.refused} refused`] : []),
  ].join(", ");
  const shown = visibleRows(state, scroll, tableRows);
  const foot =
    rows.length > tableRows
      ? `${scroll + 1}-${Math.min(rows.length, scroll + tableRows)} of ${rows.length}, newest first`
      : "";
  const lines = tableLines(state, shown, width - 4, props.now, true);
  return (
    <Panel title="hypotheses" about={about} foot={foot} lines={lines} width={width} height={height} color={color} />
  );
}

/** The rows in the window, newest first. Only these are ever laid out. */
export function visibleRows(state: DashboardState, scroll: number, count: number): readonly HypothesisRow[] {
  const end = state.rows.length - Math.min(scroll, Math.max(0, state.rows.length - count));
  return state.rows.slice(Math.max(0, end - count), end).reverse();
}

/** The table: marker, id, score, bar and parameters, the columns as wide as what is shown needs. */
export function tableLines(
  state: DashboardState,
  rows: readonly HypothesisRow[],
  width: number,
  now: number,
  withHead: boolean,
): readonly Line[] {
  const head = metricWords(state);
  const id = Math.max(10, ...rows.map((row) => row.id.length));
  const scores = rows.map((row) => displayWidth(scoreText(row)));
  const bar = width >= 100 ? 16 : width >= 70 ? 10 : 0;
  const headRoom = withHead ? Math.min(24, displayWidth(head)) - (bar > 0 ? bar + 2 : 0) : 0;
  const score = Math.max(headRoom, 6, ...scores);
  const label = width >= 90 ? Math.min(22, Math.max(0, ...rows.map((row) => displayWidth(row.label ?? "")))) : 0;
  const columns: Columns = { id, score, bar, label };
  const lines = rows.map((row) => rowLine(state, row, columns, now));
  if (!withHead) return lines;
  const names = [
    `  ${toWidth("hypothesis", id)}`,
    ...(label > 0 ? [toWidth("label", label)] : []),
    toWidth(head, bar > 0 ? score + 2 + bar : score),
    "parameters",
  ];
  return [[["dim", names.join("  ")]], ...lines];
}

interface Columns {
  readonly id: number;
  readonly score: number;
  readonly bar: number;
  readonly label: number;
}

function rowLine(state: DashboardState, row: HypothesisRow, columns: Columns, now: number): Line {
  const [tone, mark] = marker(state, row, now);
  const isBest = state.best?.id === row.id;
  const bar = row.score === null || columns.bar === 0 ? "" : scoreBar(goodness(state, row.score), columns.bar);
  const failed = row.status === "failed";
  return [
    [tone, `${mark} `],
    [isBest ? "strong" : "plain", `${toWidth(row.id, columns.id)}  `],
    ["plain", columns.label > 0 ? `${toWidth(row.label ?? "", columns.label)}  ` : ""],
    [isBest ? "number" : row.score === null ? tone : "plain", `${toWidth(scoreText(row), columns.score)}  `],
    [isBest ? "good" : "bar", columns.bar > 0 ? `${toWidth(bar, columns.bar)}  ` : ""],
    ["bad", failed && row.note !== "" ? `${row.note}  ` : ""],
    ["dim", parametersText(row.parameters)],
  ];
}

function scoreText(row: HypothesisRow): string {
  return row.score === null ? STATUS_WORDS[row.status] : formatScore(row.score);
}

function marker(state: DashboardState, row: HypothesisRow, now: number): readonly [Tone, string] {
  if (state.best?.id === row.id) return ["number", "★"];
  switch (row.status) {
    case "waiting":
    case "unfinished":
      return ["dim", "○"];
    case "running":
    case "evaluating":
      return ["accent", spinner(now)];
    case "failed":
      return ["bad", "✗"];
    case "scored":
      return row.passed ? ["good", "✓"] : ["dim", "·"];
  }
}

/** Where a score lies between the worst (0) and the best (1) so far. */
function goodness(state: DashboardState, score: number): number {
  if (!state.range) return 1;
  const [low, high] = state.range;
  if (high <= low) return 1;
  const share = (score - low) / (high - low);
  return state.run?.metric.direction === "minimize" ? 1 - share : share;
}
