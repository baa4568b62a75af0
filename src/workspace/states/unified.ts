import { parsePatch, type StructuredPatch } from "diff";
import { isWithinAny } from "../../model/tree-path.ts";
import { quoted } from "../../text/printable.ts";
import { EditRefused } from "./draft.ts";
import { nearestLines } from "./nearest-lines.ts";
import { endOf, splitLines, unixText } from "./text.ts";

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
    return parsePatch(recounted(diff));
  } catch (thrown) {
    if (thrown instanceof EditRefused) throw thrown;
    const reason = thrown instanceof Error ? thrown.message : String(thrown);
    throw new EditRefused("edit-invalid", `the diff cannot be read: ${quoted(reason)}`);
  }
}

/** The diff with the lines of its hunks counted: models miscount them. A line that belongs to no hunk is refused. */
function recounted(diff: string): string {
  const lines = (/(?<!\r)\n/.test(diff) ? diff : unixText(diff)).split("\n");
  const result: string[] = [];
  let isBehindHunk = false;
  let stray: string | null = null;
  for (let at = 0; at < lines.length; ) {
    const line = lines[at++] ?? "";
    if (!/^@@(\s|$)/.test(line)) {
      result.push(line);
      if (FILE_HEADER.test(line)) isBehindHunk = false;
      if (!isBehindHunk) stray = null;
      else if (stray === null) stray = line;
      else if (/^[+-]/.test(line)) {
        const message = `a line of the diff begins with none of "+", "-" and " ": ${quoted(stray)}`;
        throw new EditRefused("edit-invalid", message);
      }
      continue;
    }
    [isBehindHunk, stray] = [true, null];
    let end = at;
    while (end < lines.length && isOfHunk(lines, end)) end += 1;
    // Empty lines behind it only separate it from what follows.
    let last = end;
    while (last > at && /^\r?$/.test(lines[last - 1] ?? "")) last -= 1;
    const body = lines.slice(at, last).map((one) => (/^\r?$/.test(one) ? ` ${one}` : one));
    const [, from = "0", to = "0"] = /^@@ -(\d+)(?:,\d+)? \+(\d+)(?:,\d+)? @@/.exec(line) ?? [];
    const count = (other: string): number => body.filter((one) => one[0] !== "\\" && one[0] !== other).length;
    result.push(`@@ -${from},${count("+")} +${to},${count("-")} @@`);
    for (const one of body) result.push(one);
    at = end;
  }
  return result.join("\n");
}

const FILE_HEADER = /^(?:diff |Index:|(?:---|\+\+\+)\s)/;

/** Whether a line goes on with a hunk; a removed line that looks like the names of the next file is taken for them. */
function isOfHunk(lines: readonly string[], at: number): boolean {
  const [line = "", next = "", third = ""] = lines.slice(at, at + 3);
  if (!/^(?:[ +\-\\]|\r?$)/.test(line)) return false;
  return !(line.startsWith("--- ") && next.startsWith("+++ ") && third.startsWith("@@"));
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

export type Patched =
  | { readonly ok: true; readonly text: string }
  | { readonly ok: false; readonly reason: string; readonly nearest?: string };

/** Comparisons of lines that looking for the places of hunks may take. */
const SEARCH_BUDGET = 20_000_000;

/**
 * Applies hunks to text, every line exactly but for its end. A hunk goes where its header says; where it does not fit
 * there, because earlier lines were miscounted, it goes to the only other place it fits, if there is one. Lines that stay
 * keep their ends, added ones end like those they replace or follow, and whether the last line has an end stays so unless
 * the diff says otherwise.
 */
export function applyHunks(text: string, hunks: readonly Hunk[]): Patched {
  const isOpen = text !== "" && !text.endsWith("\n");
  const lines = splitLines(isOpen ? `${text}${endOf(splitLines(text).at(-2))}` : text);
  const bare = lines.map(withoutEnd);
  const result: string[] = [];
  let done = 0;
  let shift = 0;
  let budget = SEARCH_BUDGET;
  let staysOpen = isOpen;
  for (const [index, hunk] of hunks.entries()) {
    const changes = hunk.lines.filter((line) => !line.startsWith("\\"));
    const before = changes.filter((line) => !line.startsWith("+")).map((line) => withoutEnd(line.slice(1)));
    const stated = hunk.oldStart - 1 + shift;
    const cost = before.length * Math.max(0, lines.length - done);
    const place = placeOf(bare, before, stated, { from: done, isSearched: cost <= budget });
    if (place !== stated) budget -= cost;
    if (typeof place === "string") {
      const nearest = nearestLines(before, bare);
      return { ok: false, reason: `hunk ${index + 1} ${place}`, ...(nearest === null ? {} : { nearest }) };
    }
    // One by one: a file may have more lines than a call has room for arguments.
    for (let line = done; line < place; line++) result.push(lines[line] ?? "");
    done = place;
    const removed: string[] = [];
    let end = endOf(lines[place] ?? lines[place - 1]);
    for (const change of changes) {
      // In a new file a line is what the diff says, to its end.
      if (change.startsWith("+")) {
        const added = change.slice(1);
        result.push(lines.length === 0 ? `${added}\n` : `${withoutEnd(added)}${removed.shift() ?? end}`);
        continue;
      }
      const own = lines[done++] ?? "";
      end = endOf(own);
      if (change.startsWith("-")) removed.push(end);
      else {
        result.push(own);
        removed.length = 0;
      }
    }
    shift += place - stated;
    if (done === lines.length) staysOpen = isOpenAfter(hunk) ?? isOpen;
  }
  for (let line = done; line < lines.length; line++) result.push(lines[line] ?? "");
  const patched = result.join("");
  return { ok: true, text: staysOpen ? patched.replace(/\r?\n$/, "") : patched };
}

/** Whether the last line has no end after a hunk, by its `\ No newline at end of file`; `null` when it does not say. */
function isOpenAfter({ lines }: Hunk): boolean | null {
  if (!lines.some((line) => line.startsWith("\\"))) return null;
  return lines.some((line, index) => line.startsWith("\\") && lines[index - 1]?.startsWith("-") === false);
}

function withoutEnd(line: string): string {
  return line.replace(/\r?\n$|\r$/, "");
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
