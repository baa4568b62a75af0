import { formatCost, formatCount, formatDuration } from "../text/numbers.ts";
import type { DashboardState } from "./state.ts";

/** One thing a run uses up, as text, and the share of its limit where there is one. */
export interface BudgetItem {
  readonly name: string;
  readonly used: string;
  readonly limit?: string;
  readonly share?: number;
}

/** What the run has used and may use, at a moment in milliseconds since 1970. */
export function budget(state: DashboardState, now: number): readonly BudgetItem[] {
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
    items.push(item("cost", totals.costUsd, stop?.costUsd, formatCost));
  }
  items.push(item("trials", totals.trials, undefined, formatCount));
  return items;
}

/** How far the run is, from 0 to 1, by the limit it is nearest to; `null` when it has none. */
export function progress(state: DashboardState, now: number): number | null {
  if (state.finished?.exitCode === 0) return 1;
  const shares = budget(state, now).flatMap(({ share }) => (share === undefined ? [] : [share]));
  return shares.length === 0 ? null : Math.min(1, Math.max(...shares));
}

function activeMs({ since, totals, finished }: DashboardState, now: number): number {
  if (since === null || finished) return totals.activeMs;
  return totals.activeMs + Math.max(0, now - Date.parse(since));
}

/** Iterations done, the one under way counted by the part of its batch that has a verdict. */
function iterationsDone({ iterationsCompleted, batch }: DashboardState): number {
  return iterationsCompleted + (batch.proposed > 0 ? (batch.evaluated / batch.proposed) * 0.99 : 0);
}

function item(name: string, used: number, limit: number | undefined, format: (n: number) => string): BudgetItem {
  if (limit === undefined) return { name, used: format(used) };
  return { name, used: format(used), limit: format(limit), share: limit > 0 ? used / limit : 1 };
}
