import { Box } from "ink";
import type { ReactElement } from "react";
import type { Stage } from "../../kernel/events.ts";
import { type FinalStatus, finishWords, statusOf } from "../../kernel/finish-reason.ts";
import type { RunOrigin } from "../../model/run.ts";
import { formatCost, formatCount, formatDuration } from "../../text/numbers.ts";
import { terminalLine } from "../../text/printable.ts";
import { progressBar } from "../gauge.ts";
import type { DashboardState } from "../state.ts";
import { Ends, Fitting, type Tone, Words } from "../words.tsx";

const STAGE_WORDS: Readonly<Record<Stage, string>> = {
  hypothesize: "proposing",
  experiment: "experimenting",
  evaluate: "scoring",
  review: "reviewing",
};
const TONES: Readonly<Record<FinalStatus, readonly [tone: Tone, mark: string]>> = {
  finished: ["good", "✓"],
  failed: ["bad", "✗"],
  interrupted: ["warn", "■"],
  paused: ["warn", "■"],
};
const SPINNER = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏";

export interface PanelContext {
  readonly state: DashboardState;
  readonly width: number;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** Name, status, goal, progress bar and budget, in this many lines. */
export function Header({ state, width, now, height }: PanelContext & { readonly height: number }): ReactElement {
  const title = (
    <>
      <Words tone="brand">◆ AURA</Words>
      {"  "}
      <Words tone="strong">{state.run?.name ?? ""}</Words>
      <Words tone="dim">{origin(state.run?.from)}</Words>
    </>
  );
  const lines = [
    <Ends key="title" left={title} right={<Status state={state} now={now} short={width < 58} />} />,
    ...(height >= 4
      ? [
          <Words key="goal" tone="dim">
            {state.run?.goal || " "}
          </Words>,
        ]
      : []),
    <Progress key="progress" share={progress(state, now)} width={width} />,
    <Fitting
      key="budget"
      gap={2}
      items={budget(state, now).map(({ name, used, limit }) => [
        name,
        <Words key={name}>
          <Words tone="dim">{name} </Words>
          {used}
          <Words tone="dim">{limit === undefined ? "" : `/${limit}`}</Words>
        </Words>,
      ])}
    />,
  ];
  return (
    <Box flexDirection="column" height={height} flexShrink={0}>
      {lines.slice(0, height)}
    </Box>
  );
}

/** The earlier run that this one was started from. */
function origin(from: RunOrigin | undefined): string {
  if (from === undefined) return "";
  const { workspace, state } = from;
  return `  from ${terminalLine(workspace.split("/").at(-1) ?? "")}${state === undefined ? "" : `@${state.hypothesisId}`}`;
}

/** One character that turns once a second. */
export function spinner(now: number): string {
  return SPINNER[Math.floor(now / 1000) % SPINNER.length] ?? "";
}

interface StatusProps {
  readonly state: DashboardState;
  readonly now: number;
  readonly short: boolean;
}

function Status({ state, now, short }: StatusProps): ReactElement {
  if (state.finished) {
    const status = statusOf(state.finished.reason);
    const words = finishWords(state.finished.reason);
    const [tone, mark] = TONES[status];
    return (
      <Words>
        <Words tone={tone}>{`${mark} ${status}`}</Words>
        <Words tone="dim">{short || status === words ? "" : `: ${words}`}</Words>
      </Words>
    );
  }
  if (state.held !== null)
    return <Words tone="warn">{state.held === "pause" ? "■ paused" : "■ stopping when what runs is finished"}</Words>;
  const waiting = state.preparing === null ? "starting" : `preparing ${state.preparing}`;
  const stage = state.stage ? STAGE_WORDS[state.stage] : state.run && state.preparing === null ? "working" : waiting;
  const limit = state.run?.stop.iterations;
  const of = limit === undefined ? "" : short ? `/${limit}` : ` of ${limit}`;
  return (
    <Words>
      <Words tone="accent">{`${spinner(now)} ${stage}`}</Words>
      <Words tone="dim">
        {state.iteration === null ? "" : `${short ? "  " : "  iteration "}${state.iteration}${of}`}
      </Words>
    </Words>
  );
}

function Progress({ share, width }: { readonly share: number | null; readonly width: number }): ReactElement {
  const percent = share === null ? "" : ` ${String(Math.floor(share * 100)).padStart(3)}%`;
  const [done, left] = progressBar(share, width - percent.length);
  return (
    <Words>
      <Words tone="accent">{done}</Words>
      <Words tone="dim">{left}</Words>
      <Words tone="strong">{percent}</Words>
    </Words>
  );
}

/** One thing a run uses up, as text, and the share of its limit where there is one. */
interface BudgetItem {
  readonly name: string;
  readonly used: string;
  readonly limit?: string;
  readonly share?: number;
}

/** What the run has used and may use, at a moment in milliseconds since 1970. */
function budget(state: DashboardState, now: number): readonly BudgetItem[] {
  const { totals } = state;
  const stop = state.run?.stop;
  const tokens = totals.inputTokens + totals.outputTokens;
  const items = [
    item("iterations", iterationsDone(state), stop?.iterations, (n) => String(Math.floor(n))),
    item("hypotheses", totals.hypotheses, stop?.hypotheses, formatCount),
    item("time", activeMs(state, now), stop?.wallClockMs, (ms) => formatDuration(Math.max(1000, ms))),
  ];
  if (tokens > 0 || stop?.tokens !== undefined) items.push(item("tokens", tokens, stop?.tokens, formatCount));
  if (totals.costUsd > 0 || stop?.costUsd !== undefined) {
    const used = `${totals.unpriced === 0 ? "" : "≥"}${formatCost(totals.costUsd)}`;
    items.push({ ...item("cost", totals.costUsd, stop?.costUsd, formatCost), used });
  }
  items.push(item("trials", totals.trials, undefined, formatCount));
  return items;
}

/** How far the run is, from 0 to 1, by the limit it is nearest to; `null` when it has none. */
function progress(state: DashboardState, now: number): number | null {
  if (state.finished?.exitCode === 0) return 1;
  const shares = budget(state, now).flatMap(({ share }) => (share === undefined ? [] : [share]));
  return shares.length === 0 ? null : Math.min(1, Math.max(...shares));
}

function activeMs({ since, stillSince, totals, finished }: DashboardState, now: number): number {
  if (since === null || finished) return totals.activeMs;
  const until = stillSince === null ? now : Date.parse(stillSince);
  return totals.activeMs + Math.max(0, until - Date.parse(since));
}

/** Iterations done, the one under way counted by the part of its batch that has a verdict. */
function iterationsDone({ iterationsCompleted, batch }: DashboardState): number {
  return iterationsCompleted + (batch.proposed > 0 ? (batch.evaluated / batch.proposed) * 0.99 : 0);
}

function item(name: string, used: number, limit: number | undefined, format: (n: number) => string): BudgetItem {
  if (limit === undefined) return { name, used: format(used) };
  return { name, used: format(used), limit: format(limit), share: limit > 0 ? used / limit : 1 };
}
