/**
 * Draws the dashboard of a recorded run as a picture.
 *
 *   npx tsx scripts/dashboard-svg.ts <workspace or journal.jsonl> [--at 60%] [--size 110x32] [--title TEXT] [-o docs/dashboard.svg]
 *
 * `--at` is how far into the run the picture is taken (of its events, default 100%).
 */
import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import type { AuraEvent } from "../src/kernel/events.ts";
import { iterationName, parseTrialId } from "../src/model/ids.ts";
import { isJsonObject } from "../src/model/json.ts";
import { frameText } from "../src/ui/frame.tsx";
import type { DashboardState } from "../src/ui/state.ts";
import { reduce, replay } from "../src/ui/store.ts";
import { INITIAL_VIEW } from "../src/ui/view.ts";
import { terminalSvg } from "./terminal-svg.ts";

export interface PictureOptions {
  /** Share of the run's events that have happened, between 0 and 1. */
  readonly at: number;
  readonly columns: number;
  readonly rows: number;
  readonly title?: string;
}

/** The SVG of the dashboard as the run whose journal is at `path` (a file, or a workspace that holds one) showed it. */
export function dashboardSvg(path: string, { at, columns, rows, title }: PictureOptions): string {
  const journal = statSync(path).isDirectory() ? join(path, "journal.jsonl") : path;
  const events = readJournal(journal);
  const until = events.slice(0, Math.max(1, Math.ceil(events.length * at)));
  const last = until.at(-1);
  if (!last) throw new Error(`${journal} holds no events`);
  const now = Date.parse(last.at);
  const state = withOutput(replay(until), events, dirname(journal), now);
  const size = { columns: columns + 1, rows };
  const text = frameText({ state, view: INITIAL_VIEW, size, now, color: true, interactive: true });
  return terminalSvg({
    text,
    columns,
    title: title ?? `aura run specs/${state.run?.name ?? "run"}.yaml`,
    description: `The AURA dashboard in a terminal: ${state.run?.name ?? "a run"} with its best configuration, running trials, hypotheses and insights`,
  });
}

/** Events of a journal; a torn last line and lines that are not events are passed over. */
function readJournal(path: string): readonly AuraEvent[] {
  return readFileSync(path, "utf8")
    .split("\n")
    .flatMap((line) => {
      try {
        const value: unknown = JSON.parse(line);
        return isEvent(value) ? [value] : [];
      } catch {
        return [];
      }
    });
}

function isEvent(value: unknown): value is AuraEvent {
  return isJsonObject(value) && typeof value.type === "string" && typeof value.at === "string";
}

/** Output is in the trials' logs, not in the journal: the line that each running trial was at, by the share of its time. */
function withOutput(
  state: DashboardState,
  events: readonly AuraEvent[],
  workspace: string,
  now: number,
): DashboardState {
  let next = state;
  for (const { trialId, attempt, startedAt } of state.running) {
    const iteration = Number(/^i(\d+)/.exec(parseTrialId(trialId)?.hypothesisId ?? "")?.[1] ?? 0);
    const log = join(
      workspace,
      "iterations",
      iterationName(iteration),
      "trials",
      `${trialId}.a${attempt}.log`,
      "stdout.log",
    );
    const end = events.find((event) => event.type === "trial.finished" && event.trialId === trialId);
    if (!existsSync(log) || !end) continue;
    const lines = readFileSync(log, "utf8")
      .split("\n")
      .filter((line) => line.trim() !== "");
    const share = (now - Date.parse(startedAt)) / Math.max(1, Date.parse(end.at) - Date.parse(startedAt));
    const line = lines[Math.min(lines.length - 1, Math.floor(lines.length * share))];
    if (line === undefined) continue;
    next = reduce(next, {
      type: "trial.output",
      trialId,
      stream: "stdout",
      line,
      at: new Date(now).toISOString(),
      seq: 0,
    });
  }
  return next;
}

function main(): void {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      at: { type: "string", default: "100%" },
      size: { type: "string", default: "110x32" },
      title: { type: "string" },
      output: { type: "string", short: "o", default: "docs/dashboard.svg" },
    },
  });
  const [columns = 110, rows = 32] = values.size.split("x").map(Number);
  const [path] = positionals;
  if (path === undefined) throw new Error("usage: dashboard-svg.ts <workspace or journal.jsonl> [--at 60%]");
  const at = Number.parseFloat(values.at) / 100;
  const svg = dashboardSvg(path, { at, columns, rows, ...(values.title === undefined ? {} : { title: values.title }) });
  writeFileSync(values.output, svg);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) main();
