import type { Edit } from "../../model/hypothesis.ts";
import { isWithinAny, parentsOf } from "../../model/tree-path.ts";
import type { Failure } from "../../model/trial.ts";
import { quoted } from "../../text/printable.ts";
import { checkText, Draft, EDIT_LIMITS, type EditBounds, EditRefused, editPath, tooLarge } from "./draft.ts";
import { nearestLines } from "./nearest-lines.ts";
import { makeSnapshot } from "./snapshot.ts";
import { type NewEntry, recorded, type SnapshotStore } from "./store.ts";
import { decodeText, encodeText, endingLike, endOf, unixText } from "./text.ts";
import { applyHunks, type FilePatch, parseUnified } from "./unified.ts";

export type EditsResult =
  | { readonly ok: true; readonly snapshot: string }
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
  if (edits.length === 0) return { ok: true, snapshot: store.read(baseId).id };
  const made = tryEdits(store, baseId, edits, bounds);
  if (made instanceof EditRefused) return { ok: false, failure: made.failure() };
  return { ok: true, snapshot: store.putTree(made).id };
}

/** What edits would make of a base state, or why they cannot be made; nothing is stored. */
export function tryEdits(
  store: SnapshotStore,
  baseId: string,
  edits: readonly Edit[],
  bounds: EditBounds,
): readonly NewEntry[] | EditRefused {
  const draft = new Draft(store.objects, store.read(baseId));
  const refused = applyAll(draft, edits, bounds);
  if (refused !== null) return refused;
  const made = draft.entries();
  if (edits.length === 0 || idOf(made) !== baseId) return made;
  return new EditRefused("edit-no-change", "the edits together change nothing: the last undo the first");
}

/** The id that these entries have as a state. */
export function idOf(entries: readonly NewEntry[]): string {
  return makeSnapshot(entries.map(recorded)).id;
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
      return new EditRefused(error.code, `${where} cannot be made: ${error.message}`, error.nearest, edit);
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
    const before = decodeText(draft.bytes(path) ?? new Uint8Array());
    write(draft, path, endingLike(edit.content, before ?? ""), bounds);
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
  if (!patched.ok) throw new EditRefused("edit-not-applied", `in ${quoted(path)}, ${patched.reason}`, patched.nearest);
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

/**
 * The text with the one place of `search` replaced; neither needs to know how the file's lines end. New lines end like
 * those they replace. A search text may end the last line of a file where the file does not: it stays without an end.
 */
function replaceOnce(text: string, search: string, replacement: string, path: string): string {
  const [before, wanted, wish] = [unixText(text), unixText(search), unixText(replacement)];
  if (wanted === "") throw new EditRefused("edit-invalid", `the search text for ${quoted(path)} is empty`);
  const places = placesOf(before, wanted);
  const isUnended = before !== "" && !before.endsWith("\n");
  if (places.length === 0 && isUnended && wanted.endsWith("\n") && before.endsWith(wanted.slice(0, -1))) {
    return replaceOnce(`${text}${lastEnd(text)}`, search, replacement, path).replace(/\r?\n$/, "");
  }
  const [at = 0] = places;
  if (places.length !== 1) throw missOf(before, wanted, places, path);
  if (wanted === wish) {
    throw new EditRefused("edit-no-change", `search and replacement for ${quoted(path)} are the same`);
  }
  const [from, to] = [placeIn(text, at), placeIn(text, at + wanted.length)];
  const ends = text.slice(from, to).match(/\r?\n/g) ?? [];
  const end = ends.at(-1) ?? /\r?\n/.exec(text.slice(to))?.[0] ?? lastEnd(text.slice(0, from));
  let line = 0;
  const written = wish.replace(/\n/g, () => ends[line++] ?? end);
  return text.slice(0, from) + written + text.slice(to);
}

/** How the last line ends that has an end. */
function lastEnd(text: string): string {
  return endOf(text.slice(0, text.lastIndexOf("\n") + 1));
}

/** Where a place in `unixText` of a text lies in the text itself. */
function placeIn(text: string, place: number): number {
  let at = place;
  for (let end = text.indexOf("\r\n"); end !== -1 && end < at; end = text.indexOf("\r\n", end + 2)) at += 1;
  return at;
}

/** Where it occurs, overlapping places included; looked for no further than is of use. */
function placesOf(text: string, search: string): readonly number[] {
  const places: number[] = [];
  for (let at = text.indexOf(search); at !== -1 && places.length <= 100; at = text.indexOf(search, at + 1)) {
    places.push(at);
  }
  return places;
}

/** Why a search text has not one place, with the lines that come nearest or where it occurs. */
function missOf(text: string, search: string, places: readonly number[], path: string): EditRefused {
  const count = places.length > 100 ? "more than 100" : String(places.length);
  const said = `the search text occurs ${count} times in ${quoted(path)}`;
  if (places.length > 0) {
    const lines = places.slice(0, 5).map((at) => text.slice(0, at).split("\n").length);
    const more = places.length > lines.length ? ", …" : "";
    return new EditRefused(
      "edit-not-applied",
      `${said}, in lines ${lines.join(", ")}${more}: give more of the text around it`,
    );
  }
  const bare = (value: string): string => value.replace(/\s+/g, " ").trim();
  const isBlankOnly = bare(search) !== "" && bare(text).includes(bare(search));
  const hint = isBlankOnly ? "only the white space differs" : "it must be in the file exactly as given";
  const nearest = nearestLines(search.replace(/\n$/, "").split("\n"), text.split("\n"));
  return new EditRefused("edit-not-applied", `${said}: ${hint}`, nearest);
}
