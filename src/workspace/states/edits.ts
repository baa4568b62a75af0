import type { Edit } from "../../model/hypothesis.ts";
import { isWithinAny, parentsOf } from "../../model/tree-path.ts";
import type { Failure } from "../../model/trial.ts";
import { quoted } from "../../text/printable.ts";
import { checkText, Draft, EDIT_LIMITS, type EditBounds, EditRefused, editPath, tooLarge } from "./draft.ts";
import { changedBetween } from "./snapshot.ts";
import type { NewEntry, SnapshotStore } from "./store.ts";
import { decodeText, encodeText } from "./text.ts";
import { applyHunks, type FilePatch, parseUnified } from "./unified.ts";

export type EditsResult =
  | { readonly ok: true; readonly snapshot: string; readonly changed: readonly string[] }
  | { readonly ok: false; readonly failure: Failure };

/**
 * The state that edits make of a base state: applied in order, later ones see earlier ones, all or none. Every edit
 * must stay inside the tracked artifacts, apply exactly once and change something; else the failure says which did not
 * and why. Without edits the base itself. Modes are kept, new files get 0644, a folder stays when its last file goes.
 */
export function applyEdits(
  store: SnapshotStore,
  baseId: string,
  edits: readonly Edit[],
  bounds: EditBounds,
): EditsResult {
  const base = store.read(baseId);
  if (edits.length === 0) return { ok: true, snapshot: baseId, changed: [] };
  const draft = new Draft(store.objects, base);
  const refused = applyAll(draft, edits, bounds);
  if (refused !== null) return { ok: false, failure: refused.failure() };
  const snapshot = store.putTree(draft.entries());
  if (snapshot.id === base.id) {
    const failure = { code: "edit-no-change", message: "the edits together change nothing: the last undo the first" };
    return { ok: false, failure };
  }
  return { ok: true, snapshot: snapshot.id, changed: changedBetween(base, snapshot) };
}

/** What edits would make of a base state, or why they cannot be made; nothing is stored. */
export function tryEdits(
  store: SnapshotStore,
  baseId: string,
  edits: readonly Edit[],
  bounds: EditBounds,
): readonly NewEntry[] | EditRefused {
  const draft = new Draft(store.objects, store.read(baseId));
  return applyAll(draft, edits, bounds) ?? draft.entries();
}

function applyAll(draft: Draft, edits: readonly Edit[], bounds: EditBounds): EditRefused | null {
  if (edits.length > EDIT_LIMITS.edits) {
    return new EditRefused("edit-invalid", `there are ${edits.length} edits: at most ${EDIT_LIMITS.edits}`);
  }
  for (const [index, edit] of edits.entries()) {
    try {
      applyEdit(draft, edit, bounds);
    } catch (error) {
      if (!(error instanceof EditRefused)) throw error;
      const where = edits.length === 1 ? "the edit" : `edit ${index + 1} of ${edits.length}`;
      return new EditRefused(error.code, `${where} cannot be made: ${error.message}`);
    }
  }
  return null;
}

function applyEdit(draft: Draft, edit: Edit, bounds: EditBounds): void {
  if ("diff" in edit) {
    checkText(edit.diff, "diff");
    for (const patch of parseUnified(edit.diff, bounds.tracked)) applyPatch(draft, patch, bounds);
    return;
  }
  const path = placeFor(draft, edit.path, bounds);
  if ("delete" in edit) {
    remove(draft, path);
    return;
  }
  if ("content" in edit) {
    checkText(edit.content, "content");
    write(draft, path, edit.content, bounds);
    return;
  }
  checkText(edit.replace, "replacement");
  const text = textOf(draft, path);
  write(draft, path, replaceOnce(text, edit.search, edit.replace, path), bounds);
}

function applyPatch(draft: Draft, patch: FilePatch, bounds: EditBounds): void {
  const path = placeFor(draft, patch.path, bounds);
  if (patch.action === "create" && draft.get(path) !== null) {
    throw new EditRefused("edit-not-applied", `the diff creates ${quoted(path)}, which exists already`);
  }
  const before = patch.action === "create" ? "" : textOf(draft, path);
  const patched = applyHunks(before, patch.hunks);
  if (!patched.ok) throw new EditRefused("edit-not-applied", `in ${quoted(path)}, ${patched.reason}`);
  if (patch.action !== "delete") {
    write(draft, path, patched.text, bounds, patch.executable ? 0o755 : 0o644);
    return;
  }
  if (patched.text !== "") {
    throw new EditRefused("edit-not-applied", `the diff deletes ${quoted(path)} but does not remove all its lines`);
  }
  remove(draft, path);
}

/** The path of an edit, checked against the tree as it stands: nothing is reached through a link or a file. */
function placeFor(draft: Draft, given: string, bounds: EditBounds): string {
  const path = editPath(given, bounds, draft.knows(given));
  for (const folder of parentsOf(path)) {
    const kind = draft.get(folder)?.kind;
    if (kind === "symlink") {
      throw new EditRefused("edit-outside-artifacts", `${quoted(path)} lies behind ${quoted(folder)}, a symbolic link`);
    }
    if (kind === "file") {
      throw new EditRefused("edit-not-applied", `${quoted(path)} lies in ${quoted(folder)}, which is a file`);
    }
  }
  // What is left of a folder whose files are all gone is in nobody's way.
  if (draft.isFolder(path) && !draft.dropEmptyFolder(path)) {
    throw new EditRefused("edit-not-applied", `${quoted(path)} is a folder: edit or delete the files in it`);
  }
  return path;
}

function remove(draft: Draft, path: string): void {
  if (draft.get(path) === null) throw new EditRefused("edit-not-applied", `${quoted(path)} does not exist`);
  draft.delete(path);
}

function write(draft: Draft, path: string, text: string, { tracked }: EditBounds, newMode = 0o644): void {
  const entry = draft.get(path);
  if (entry?.kind === "symlink") {
    throw new EditRefused(
      "edit-outside-artifacts",
      `${quoted(path)} is a symbolic link: links are not written through`,
    );
  }
  const content = encodeText(text);
  const before = draft.bytes(path);
  if (before !== null && Buffer.compare(before, content) === 0) {
    throw new EditRefused("edit-no-change", `${quoted(path)} has this content already`);
  }
  if (content.length > Math.max(EDIT_LIMITS.fileBytes, before?.length ?? 0)) throw tooLarge("edited file");
  const mode = entry?.kind === "file" ? entry.mode : newMode;
  draft.write(path, content, mode, (folder) => isWithinAny(folder, tracked));
}

function textOf(draft: Draft, path: string): string {
  const kind = draft.get(path)?.kind;
  if (kind === undefined) throw new EditRefused("edit-not-applied", `${quoted(path)} does not exist`);
  const bytes = draft.bytes(path);
  if (bytes === null) throw new EditRefused("edit-outside-artifacts", `${quoted(path)} is a symbolic link`);
  const text = decodeText(bytes);
  if (text === null) throw new EditRefused("edit-not-applied", `${quoted(path)} is binary: give its whole content`);
  return text;
}

function replaceOnce(text: string, search: string, replacement: string, path: string): string {
  if (search === "") throw new EditRefused("edit-invalid", `the search text for ${quoted(path)} is empty`);
  const at = text.indexOf(search);
  const count = occurrences(text, search, at);
  if (count !== "1") {
    const hint = count === "0" ? missHint(text, search) : ": give more of the text around it";
    throw new EditRefused("edit-not-applied", `the search text occurs ${count} times in ${quoted(path)}${hint}`);
  }
  if (search === replacement) {
    throw new EditRefused("edit-no-change", `search and replacement for ${quoted(path)} are the same`);
  }
  return text.slice(0, at) + replacement + text.slice(at + search.length);
}

/** How often, overlapping places included; counted no further than is of use. */
function occurrences(text: string, search: string, first: number): string {
  let count = 0;
  for (let at = first; at !== -1; at = text.indexOf(search, at + 1)) {
    count += 1;
    if (count > 100) return "more than 100";
  }
  return String(count);
}

function missHint(text: string, search: string): string {
  const unix = (value: string): string => value.replaceAll("\r\n", "\n");
  if (unix(text).includes(unix(search))) {
    const file = text.includes("\r\n") ? "CRLF" : "LF";
    return `: only the line ends differ (the file's lines end in ${file})`;
  }
  const bare = (value: string): string => value.replace(/\s+/g, " ").trim();
  if (bare(search) !== "" && bare(text).includes(bare(search))) return ": only the white space differs";
  return ": it must be in the file exactly as given";
}
