import type { ReactElement } from "react";
import { finishKind } from "../../kernel/display-reason.ts";
import { type Line, lineWidth, type Span } from "../line.ts";
import type { ViewState } from "../view.ts";
import type { PanelContext } from "./header.tsx";
import { Lines } from "./panel.tsx";

/** The last warning. */
export function Warning({ state, width, color }: PanelContext): ReactElement {
  const last = state.warnings.at(-1);
  const more = state.counts.warnings > 1 ? `  (${state.counts.warnings} warnings)` : "";
  const line: Line = last
    ? [
        ["warn", "! "],
        ["warn", last.message],
        ["dim", more],
      ]
    : [];
  return <Lines lines={[line]} width={width} color={color} />;
}

/** The keys, or what a pressed key led to, or where the results of a finished run are. */
export function Footer({
  state,
  width,
  color,
  view,
  interactive,
}: PanelContext & { readonly view: ViewState; readonly interactive: boolean }): ReactElement {
  return <Lines lines={[footerLine()]} width={width} color={color} />;

  function footerLine(): Line {
    if (state.finished) {
      const { kind } = finishKind(state.finished.reason);
      const said = state.finished.message === "" ? "" : `  ${state.finished.message}`;
      return [
        ["dim", "results in "],
        ["plain", state.run?.workspace ?? ""],
        [kind === "bad" ? "bad" : "dim", said],
      ];
    }
    if (view.stop === "now") return [["warn", "stopping now"]];
    if (view.stop === "graceful") {
      return fitting([
        ["warn", "finishing what runs, then stopping"],
        ["key", "   Q"],
        ["dim", " stop now"],
      ]);
    }
    if (!interactive) return [["dim", "Ctrl-C finishes what runs and stops; twice stops now"]];
    return fitting([
      ["key", "q"],
      ["dim", " finish and stop"],
      ["key", "   Q"],
      ["dim", " stop now"],
      ["key", "   ↑ ↓"],
      ["dim", " scroll"],
      ["key", "   g G"],
      ["dim", " newest, oldest"],
    ]);
  }

  /** As many whole key and word pairs as fit. */
  function fitting(pairs: readonly Span[]): Line {
    let line: Line = [];
    for (let i = 0; i < pairs.length; i += 2) {
      const next = [...line, ...pairs.slice(i, i + 2)];
      if (lineWidth(next) > width) break;
      line = next;
    }
    return line.length > 0 ? line : pairs.slice(0, 2);
  }
}
