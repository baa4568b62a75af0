import type { ReactElement } from "react";
import { wrapText } from "../../text/width.ts";
import type { Line } from "../line.ts";
import type { InsightView } from "../state.ts";
import type { PanelContext } from "./header.tsx";
import { Panel } from "./panel.tsx";

/** The latest insights, newest first, each with its recommendation while there is room. */
export function Insights({ state, width, color, height }: PanelContext & { readonly height: number }): ReactElement {
  const newest = [...state.insights].reverse();
  const about = newest[0] ? `of iteration ${newest[0].iteration}` : "";
  const lines = newest.flatMap((insight) => insightLines(insight, width - 4)).slice(0, height - 2);
  return <Panel title="insights" about={about} lines={lines} width={width} height={height} color={color} />;
}

function insightLines({ finding, recommendation }: InsightView, width: number): readonly Line[] {
  const found = wrapText(finding, width - 2, 2).map(
    (text, index): Line => [
      ["good", index === 0 ? "› " : "  "],
      ["plain", text],
    ],
  );
  const advice = wrapText(recommendation, width - 4, 2).map(
    (text, index): Line => [
      ["accent", index === 0 ? "  → " : "    "],
      ["dim", text],
    ],
  );
  return [...found, ...advice];
}
