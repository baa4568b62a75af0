import type { ReactElement } from "react";
import { formatScore, parametersText } from "../../text/numbers.ts";
import type { Layout } from "../layout.ts";
import type { Line } from "../line.ts";
import type { DashboardState } from "../state.ts";
import type { PanelContext } from "./header.tsx";
import { tableLines, visibleRows } from "./hypotheses.tsx";
import { Lines } from "./panel.tsx";
import { runningLines } from "./running.tsx";

/** Best, what runs and the newest hypotheses without borders, for small terminals. */
export function Compact({
  state,
  width,
  color,
  now,
  layout,
  scroll,
}: PanelContext & { readonly layout: Layout; readonly scroll: number }): ReactElement | null {
  const best = layout.top >= 1 ? [bestLine(state)] : [];
  const running = layout.top >= 2 ? runningLines(state, width, 1, now) : [];
  const rows = visibleRows(state, scroll, layout.tableRows);
  const lines = [...best, ...running, ...tableLines(state, rows, width, now, false)];
  return lines.length === 0 ? null : <Lines lines={lines} width={width} color={color} />;
}

function bestLine({ best }: DashboardState): Line {
  if (!best) return [["dim", "no score yet"]];
  return [
    ["number", `★ ${formatScore(best.score)}`],
    ["strong", `  ${best.id}`],
    ["dim", `  ${parametersText(best.parameters)}`],
  ];
}
