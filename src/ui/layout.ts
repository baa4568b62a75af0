import { wrapText } from "../text/width.ts";
import type { DashboardState } from "./state.ts";

export interface Size {
  readonly columns: number;
  readonly rows: number;
}

/** How the screen is divided; heights in lines, borders included, 0 for what is left out. */
export interface Layout {
  /** `full`: bordered panels. `compact`: one line each, for small terminals. */
  readonly mode: "full" | "compact";
  readonly width: number;
  readonly header: number;
  readonly top: number;
  readonly table: number;
  /** Hypotheses that fit into the table at once. */
  readonly tableRows: number;
  readonly failed: number;
  readonly insights: number;
  readonly warning: number;
}

const MAX_WIDTH = 160;
const FOOTER = 1;
const BORDERS = 2;
const LEAST_ROWS = 3;

/**
 * Divides the terminal. The last column stays free, since a terminal that clears to the end of a full line takes its
 * last character; the last row too, so that a frame never scrolls.
 */
export function layoutFor({ columns, rows }: Size, state: DashboardState): Layout {
  const width = Math.max(1, Math.min(columns - 1, MAX_WIDTH));
  const height = Math.max(1, rows - 1);
  return width >= 58 && height >= 15 ? full(width, height, state) : compact(width, height, state);
}

function full(width: number, height: number, state: DashboardState): Layout {
  const header = height >= 20 && state.run?.goal !== "" ? 4 : 3;
  const top = BORDERS + (height >= 36 ? 6 : height >= 28 ? 5 : height >= 20 ? 4 : 3);
  const warning = warningLines(state, width, height >= 20 ? 2 : 1).length;
  const spare = height - header - top - warning - FOOTER - (BORDERS + 1 + LEAST_ROWS);
  const printed = Math.min(state.failed?.lines.length ?? 0, state.counts.scored > 0 ? 4 : spare, spare - BORDERS);
  const failed = printed > 0 ? BORDERS + printed : 0;
  const learned = state.insights.length === 0 || height < 20 ? 0 : BORDERS + (height >= 34 ? 4 : height >= 26 ? 3 : 2);
  const insights = failed > 0 && learned > spare - failed ? 0 : learned;
  const room = height - header - top - failed - insights - warning - FOOTER;
  const tableRows = Math.max(1, Math.min(room - BORDERS - 1, Math.max(LEAST_ROWS, state.rows.length)));
  return { mode: "full", width, header, top, table: tableRows + BORDERS + 1, tableRows, failed, insights, warning };
}

/** What is waited for, else the last warning, in at most so many lines: what to do about it most often stands at its end. */
export function warningLines(
  { waiting, warnings, counts }: DashboardState,
  width: number,
  most: number,
): readonly string[] {
  const last = waiting ?? warnings.at(-1);
  if (last === undefined) return [];
  const count = waiting === null && counts.warnings > 1 ? ` (${counts.warnings} warnings)` : "";
  return wrapText(`${last}${count}`, width - 2, most).map((line, at) => `${at === 0 ? "!" : " "} ${line}`);
}

function compact(width: number, height: number, state: DashboardState): Layout {
  const header = Math.min(height, 2);
  const top = Math.max(0, Math.min(2, height - header - FOOTER));
  const warning = height >= 9 ? warningLines(state, width, 1).length : 0;
  const failed = state.failed !== null && height >= 8 ? 1 : 0;
  const room = Math.max(0, height - header - top - warning - failed - FOOTER);
  const tableRows = Math.min(room, state.rows.length);
  return { mode: "compact", width, header, top, table: tableRows, tableRows, failed, insights: 0, warning };
}
