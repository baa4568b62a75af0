import { parsePatch, type StructuredPatch } from "diff";
import { isWithinAny } from "../../model/tree-path.ts";
import { quoted } from "../../text/printable.ts";
import { EditRefused } from "./draft.ts";
import { splitLines } from "./text.ts";

/** What a unified diff does to one file. */
export interface FilePatch {
  readonly action: "create" | "change" | "delete";
  /** As the diff names it, `a/` and `b/` taken off. */
  readonly path: string;
  readonly hunks: readonly Hunk[];
  readonly executable: boolean;
}

const NOWHERE = "/dev/null";
const MAX_HUNKS = 1000;

/** The files a unified diff changes, in order. Throws `EditRefused` ("edit-invalid") for what is none, or does more. */
export function parseUnified(diff: string, tracked: readonly string[]): readonly FilePatch[] {
  const parsed = parse(diff).filter(
    (patch) => patch.hunks.length > 0 || patch.isGit || patch.oldFileName !== undefined,
  );
  if (parsed.length === 0) throw new EditRefused("edit-invalid", "the diff names no file: it must be a unified diff");
  const hunks = parsed.reduce((sum, patch) => sum + patch.hunks.length, 0);
  if (hunks > MAX_HUNKS) throw new EditRefused("edit-invalid", `the diff has ${hunks} hunks: at most ${MAX_HUNKS}`);
  return parsed.map((patch) => filePatch(patch, tracked));
}

function parse(diff: string): readonly StructuredPatch[] {
  try {
    return parsePatch(diff);
  } catch (thrown) {
    const reason = thrown instanceof Error ? thrown.message : String(thrown);
    throw new EditRefused("edit-invalid", `the diff cannot be read: ${quoted(reason)}`);
  }
}

function filePatch(patch: StructuredPatch, tracked: readonly string[]): FilePatch {
  const { oldFileName, newFileName } = patch;
  if (oldFileName === undefined || newFileName === undefined) {
    throw new EditRefused("edit-invalid", "a part of the diff has no `---` and `+++` lines to name its file");
  }
  const creates = oldFileName === NOWHERE || patch.isCreate === true;
  const deletes = newFileName === NOWHERE || patch.isDelete === true;
  const path = pathOf(creates ? newFileName : oldFileName, deletes ? oldFileName : newFileName, tracked);
  const problem = problemOf(patch, path, { creates, deletes });
  if (problem !== null)
    throw new EditRefused("edit-invalid", `the diff of ${quoted(path ?? bareName(newFileName))} ${problem}`);
  return {
    action: creates ? "create" : deletes ? "delete" : "change",
    path: path ?? bareName(newFileName),
    hunks: patch.hunks,
    executable: patch.newMode === "100755",
  };
}

function problemOf(
  patch: StructuredPatch,
  path: string | null,
  { creates, deletes }: { readonly creates: boolean; readonly deletes: boolean },
): string | null {
  if (patch.isBinary) return "is binary: give the whole content instead";
  if (patch.isRename || patch.isCopy || path === null)
    return "renames or copies a file: delete one and create the other";
  if (creates && deletes) return "neither creates nor deletes a file";
  const mode = patch.newMode;
  if (creates && mode !== undefined && mode !== "100644" && mode !== "100755")
    return `creates something of mode ${mode}`;
  if (!creates && !deletes && mode !== undefined) return "changes a mode: only contents can be edited";
  if (!creates && !deletes && patch.hunks.length === 0) return "has no hunks";
  return null;
}

/** The one path that both sides name, `null` when they differ. */
function pathOf(from: string, to: string, tracked: readonly string[]): string | null {
  if (from !== to) {
    return from.startsWith("a/") && to.startsWith("b/") && from.slice(2) === to.slice(2) ? from.slice(2) : null;
  }
  // One side is no file, so only one prefix can be seen, and it may be a folder's own name.
  const bare = bareName(from);
  return isWithinAny(bare, tracked) || !isWithinAny(from, tracked) ? bare : from;
}

function bareName(name: string): string {
  return /^[ab]\//.test(name) ? name.slice(2) : name;
}

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
