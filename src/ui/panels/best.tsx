import type { ReactElement } from "react";
import { formatScore, type Parameter } from "../../text/numbers.ts";
import { displayWidth } from "../../text/width.ts";
import { sparkline } from "../gauge.ts";
import { type Line, lineWidth, type Span } from "../line.ts";
import type { DashboardState } from "../state.ts";
import type { PanelContext } from "./header.tsx";
import { Panel } from "./panel.tsx";

/** The best so far with its parameters and how it came about. */
export function Best({ state, width, color, height }: PanelContext & { readonly height: number }): ReactElement {
  const lines = state.best ? bestLines(state, width - 4, height - 2) : emptyLines(state);
  return <Panel title="best so far" lines={lines} width={width} height={height} color={color} />;
}

/** `accuracy ↑` or `loss ↓`. */
export function metricWords(state: DashboardState): string {
  const metric = state.run?.metric;
  return metric ? `${metric.name} ${metric.direction === "maximize" ? "↑" : "↓"}` : "score";
}

/** Score and metric, and gain and baseline where they fit. */
function scoreLine(state: DashboardState, width: number): Line {
  const { best, run } = state;
  if (!best) return [];
  const line: Span[] = [
    ["number", formatScore(best.score)],
    ["plain", `  ${metricWords(state)}`],
  ];
  const more: Span[] = [];
  if (best.gain !== undefined)
    more.push(["good", `  ${best.gain >= 0 ? "+" : "-"}${formatScore(Math.abs(best.gain))}`]);
  const baseline = run?.metric.baseline;
  if (baseline !== undefined) more.push(["dim", `  baseline ${formatScore(baseline)}`]);
  for (const span of more) {
    if (lineWidth([...line, span]) <= width) line.push(span);
  }
  return line;
}

function bestLines(state: DashboardState, width: number, height: number): readonly Line[] {
  const { best, history } = state;
  if (!best) return [];
  const chart: Line = [["bar", sparkline(history.points, width)]];
  const named: Line = [
    ["strong", best.id],
    ["dim", best.label === undefined ? "" : `  ${best.label}`],
  ];
  const room = Math.max(1, height - 3);
  const parameters = parameterLines(best.parameters, width, room);
  const blank: Line[] = height > 5 && parameters.length < room ? [[]] : [];
  return [scoreLine(state, width), named, ...parameters, ...blank, chart];
}

function emptyLines(state: DashboardState): readonly Line[] {
  const baseline = state.run?.metric.baseline;
  return [
    [["dim", state.finished ? "nothing was scored" : "no score yet"]],
    [["dim", `${metricWords(state)}${baseline === undefined ? "" : `  baseline ${formatScore(baseline)}`}`]],
  ];
}

/** Parameters as `name value`, broken between them into at most `maxLines` lines. */
function parameterLines(parameters: readonly Parameter[], width: number, maxLines: number): readonly Line[] {
  const lines: Span[][] = [];
  let used = 0;
  for (const { name, value } of parameters) {
    const size = displayWidth(name) + 1 + displayWidth(value);
    const current = lines.at(-1);
    if (current && used + 3 + size <= width) {
      current.push(["dim", `   ${name} `], ["plain", value]);
      used += 3 + size;
    } else if (lines.length < maxLines) {
      lines.push([
        ["dim", `${name} `],
        ["plain", value],
      ]);
      used = size;
    } else {
      current?.push(["dim", " …"]);
      break;
    }
  }
  return lines;
}
