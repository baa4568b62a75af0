import { splitLines } from "./text.ts";

/** A hunk of a unified diff, as the `diff` package parses it. */
export interface Hunk {
  readonly oldStart: number;
  readonly oldLines: number;
  readonly lines: readonly string[];
}

export type Patched = { readonly ok: true; readonly text: string } | { readonly ok: false; readonly reason: string };

/** Comparisons of lines that looking for the places of hunks may take. */
const SEARCH_BUDGET = 20_000_000;

/**
 * Applies hunks to text, every line exactly, ends of lines included. A hunk goes where its header says; where it does
 * not fit there, because earlier lines were miscounted, it goes to the only other place it fits, if there is one.
 */
export function applyHunks(text: string, hunks: readonly Hunk[]): Patched {
  const lines = splitLines(text);
  const result: string[] = [];
  let done = 0;
  let shift = 0;
  let budget = SEARCH_BUDGET;
  for (const [index, hunk] of hunks.entries()) {
    const { before, after } = sides(hunk);
    const stated = hunk.oldStart - 1 + shift;
    const cost = before.length * Math.max(0, lines.length - done);
    const place = placeOf(lines, before, stated, { from: done, isSearched: cost <= budget });
    if (place !== stated) budget -= cost;
    if (typeof place === "string") return { ok: false, reason: `hunk ${index + 1} ${place}${endsHint(lines, before)}` };
    // One by one: a file may have more lines than a call has room for arguments.
    for (let line = done; line < place; line++) result.push(lines[line] ?? "");
    // Text after a last line that had no end would be glued to it.
    if (after.length > 0 && result.at(-1)?.endsWith("\n") === false) return { ok: false, reason: noEnd(index) };
    for (const line of after) result.push(line);
    done = place + before.length;
    shift += place - stated;
  }
  const rest = lines.slice(done);
  if (rest.length > 0 && result.at(-1)?.endsWith("\n") === false) return { ok: false, reason: noEnd(hunks.length - 1) };
  return { ok: true, text: [...result, ...rest].join("") };
}

function noEnd(index: number): string {
  return `hunk ${index + 1} puts a line without a line end before another line`;
}

/** Line where a hunk applies, or why it applies nowhere. */
function placeOf(
  lines: readonly string[],
  before: readonly string[],
  stated: number,
  { from, isSearched }: { readonly from: number; readonly isSearched: boolean },
): number | string {
  const last = lines.length - before.length;
  const fits = (at: number): boolean => before.every((line, offset) => lines[at + offset] === line);
  if (stated >= from && stated <= last && fits(stated)) return stated;
  if (before.length === 0) return `inserts after line ${stated}, and the file has ${lines.length} lines`;
  let found = -1;
  if (!isSearched) return "does not match the file at the line it names, and the file is too long to look elsewhere";
  for (let at = from; at <= last; at++) {
    if (!fits(at)) continue;
    if (found !== -1) return "fits in more than one place, and not at the line it names: give more lines of context";
    found = at;
  }
  return found === -1 ? "does not match the file: its context and removed lines must be there exactly" : found;
}

function sides(hunk: Hunk): { readonly before: readonly string[]; readonly after: readonly string[] } {
  const before: string[] = [];
  const after: string[] = [];
  for (const [index, line] of hunk.lines.entries()) {
    if (line.startsWith("\\")) continue;
    const end = hunk.lines[index + 1]?.startsWith("\\") ? "" : "\n";
    const content = `${line.slice(1)}${end}`;
    if (!line.startsWith("+")) before.push(content);
    if (!line.startsWith("-")) after.push(content);
  }
  return { before, after };
}

function endsHint(lines: readonly string[], before: readonly string[]): string {
  const crlf = lines.some((line) => line.endsWith("\r\n"));
  const patchCrlf = before.some((line) => line.endsWith("\r\n"));
  if (crlf === patchCrlf) return "";
  return crlf
    ? " (the file's lines end in CRLF, the diff's in LF)"
    : " (the file's lines end in LF, the diff's in CRLF)";
}
