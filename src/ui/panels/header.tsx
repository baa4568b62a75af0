import type { ReactElement } from "react";
import { finishKind, finishWords } from "../../kernel/display-reason.ts";
import type { Stage } from "../../kernel/events.ts";
import { type BudgetItem, budget, progress } from "../budget.ts";
import { progressBar } from "../gauge.ts";
import { type Line, lineWidth, type Span, spread } from "../line.ts";
import type { DashboardState } from "../state.ts";
import { Lines } from "./panel.tsx";

const STAGE_WORDS: Readonly<Record<Stage, string>> = {
  hypothesize: "proposing",
  experiment: "experimenting",
  evaluate: "scoring",
  review: "reviewing",
};
const SPINNER = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏";

export interface PanelContext {
  readonly state: DashboardState;
  readonly width: number;
  readonly color: boolean;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** Name, status, goal, progress bar and budget, in this many lines. */
export function Header({ state, width, color, now, height }: PanelContext & { readonly height: number }): ReactElement {
  const title: Line = [
    ["brand", "◆ AURA"],
    ["plain", "  "],
    ["strong", state.run?.name ?? ""],
  ];
  const first = spread(title, statusLine(state, now, width < 58), width);
  const bar = progressLine(state, width, now);
  const goal: Line = [["dim", state.run?.goal ?? ""]];
  const all = [first, ...(height >= 4 ? [goal] : []), bar, budgetLine(budget(state, now), width)];
  return <Lines lines={all.slice(0, height)} width={width} color={color} />;
}

/** One character that turns once a second. */
export function spinner(now: number): string {
  return SPINNER[Math.floor(now / 1000) % SPINNER.length] ?? "";
}

function statusLine(state: DashboardState, now: number, short: boolean): Line {
  if (state.finished) {
    const { kind, word } = finishKind(state.finished.reason);
    const words = finishWords(state.finished.reason);
    const tone = kind === "good" ? "good" : kind === "bad" ? "bad" : "warn";
    const mark = kind === "good" ? "✓" : kind === "bad" ? "✗" : "■";
    return [[tone, `${mark} ${word}`], ...(short || word === words ? [] : [["dim", `: ${words}`] satisfies Span])];
  }
  const stage = state.stage ? STAGE_WORDS[state.stage] : state.run ? "working" : "starting";
  const limit = state.run?.stop.iterations;
  const of = limit === undefined ? "" : short ? `/${limit}` : ` of ${limit}`;
  const iteration = state.iteration === null ? "" : `${short ? "  " : "  iteration "}${state.iteration}${of}`;
  return [
    ["accent", `${spinner(now)} ${stage}`],
    ["dim", iteration],
  ];
}

function progressLine(state: DashboardState, width: number, now: number): Line {
  const share = progress(state, now);
  if (share === null) return progressBar(null, width);
  const text = ` ${String(Math.floor(share * 100)).padStart(3)}%`;
  return [...progressBar(share, width - text.length), ["strong", text]];
}

function budgetLine(items: readonly BudgetItem[], width: number): Line {
  const line: Span[] = [];
  for (const { name, used, limit } of items) {
    const next: Line = [
      ["dim", `${line.length === 0 ? "" : "  "}${name} `],
      ["plain", used],
      ["dim", limit === undefined ? "" : `/${limit}`],
    ];
    if (lineWidth(line) + lineWidth(next) > width) continue;
    line.push(...next);
  }
  return line;
}
