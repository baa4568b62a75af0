import { parsePatch, type StructuredPatch } from "diff";
import { quoted } from "../../text/printable.ts";
import { EditRefused } from "./edit-rules.ts";
import type { Hunk } from "./hunks.ts";
import { isWithinAny } from "./paths.ts";

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
