import { Box } from "ink";
import type { ReactElement, ReactNode } from "react";
import { parametersText, scoreFormat } from "../../text/numbers.ts";
import { scoreBar } from "../gauge.ts";
import type { DashboardState, HypothesisRow, RowStatus } from "../state.ts";
import { Panel, type Tone, Words } from "../words.tsx";
import { metricWords } from "./best.tsx";
import { type PanelContext, spinner } from "./header.tsx";

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
  const { state, width, height, scroll, tableRows } = props;
  const { counts, rows } = state;
  const about = [
    `${counts.scored} scored`,
    ...(counts.passed > 0 ? [`${counts.passed} passed`] : []),
    ...(counts.failed > 0 ? [`${counts.failed} failed`] : []),
    ...(counts.refused > 0 ? [`${counts.refused} refused`] : []),
  ].join(", ");
  const foot =
    rows.length > tableRows
      ? `${scroll + 1}-${Math.min(rows.length, scroll + tableRows)} of ${rows.length}, newest first`
      : "";
  return (
    <Panel title="hypotheses" about={about} foot={foot} width={width} height={height}>
      <Table {...props} width={width - 4} withHead />
    </Panel>
  );
}

/** The rows in the window, newest first. Only these are ever laid out. */
export function visibleRows(state: DashboardState, scroll: number, count: number): readonly HypothesisRow[] {
  const end = state.rows.length - Math.min(scroll, Math.max(0, state.rows.length - count));
  return state.rows.slice(Math.max(0, end - count), end).reverse();
}

/** Marker, id, label, score, bar and parameters, each column as wide as what it shows. */
export function Table(props: TableContext & { readonly withHead: boolean }): ReactElement {
  const { state, width, now, scroll, tableRows, withHead } = props;
  const rows = visibleRows(state, scroll, tableRows);
  const bar = width >= 100 ? 16 : width >= 70 ? 10 : 0;
  const format = scoreFormat([state.best?.score, ...rows.map(({ score }) => score)]);
  const scoreText = ({ score, status }: HypothesisRow): string =>
    score === null ? STATUS_WORDS[status] : format(score);
  const widest = rows.reduce((most, row) => Math.max(most, scoreText(row).length), 6);
  const labelled = width >= 90 && rows.some(({ label }) => label !== undefined);
  const isBest = ({ id }: HypothesisRow): boolean => state.best?.id === id;
  const column = (head: string, cell: (row: HypothesisRow) => ReactNode): ReactElement => (
    <Box flexDirection="column" flexShrink={0}>
      {withHead && <Words tone="dim">{head}</Words>}
      {rows.map((row) => (
        <Words key={row.id}>{cell(row)}</Words>
      ))}
    </Box>
  );
  return (
    <Box columnGap={2} overflow="hidden">
      {column("  hypothesis", (row) => {
        const [tone, mark] = marker(state, row, now);
        return (
          <>
            <Words tone={tone}>{mark} </Words>
            <Words tone={isBest(row) ? "strong" : "plain"}>{row.id}</Words>
          </>
        );
      })}
      {labelled && column("label", ({ label = " " }) => [...label].slice(0, 22).join(""))}
      {column(metricWords(state).slice(0, 24), (row) => (
        <>
          <Words tone={isBest(row) ? "number" : row.score === null ? marker(state, row, now)[0] : "plain"}>
            {scoreText(row).padEnd(bar > 0 ? widest : 0)}
          </Words>
          {row.score !== null && bar > 0 && (
            <Words tone={isBest(row) ? "good" : "bar"}>{`  ${scoreBar(goodness(state, row.score), bar)}`}</Words>
          )}
        </>
      ))}
      <Box flexDirection="column" flexShrink={1}>
        {withHead && <Words tone="dim">parameters</Words>}
        {rows.map((row) => (
          <Words key={row.id}>
            <Words tone="bad">{row.status === "failed" && row.note !== "" ? `${row.note}  ` : ""}</Words>
            <Words tone="dim">{parametersText(row.parameters) || " "}</Words>
          </Words>
        ))}
      </Box>
    </Box>
  );
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
