import type { Edit } from "../../model/hypothesis.ts";
import { isTreePath, isWithin, isWithinAny, parentsOf } from "../../model/tree-path.ts";
import type { Failure } from "../../model/trial.ts";
import { hasControls, listed, quoted } from "../../text/printable.ts";
import { isNeverTracked } from "./excludes.ts";
import type { ObjectStore } from "./objects.ts";
import type { Snapshot, SnapshotEntry } from "./snapshot.ts";
import type { NewEntry } from "./store.ts";

const NEW_FOLDER_MODE = 0o755;

/** A state being changed in memory: what it was made from stays as it is. */
export class Draft {
  readonly #objects: ObjectStore;
  readonly #entries: Map<string, NewEntry>;
  readonly #base: Snapshot;
  #named: ReadonlySet<string> | null = null;

  constructor(objects: ObjectStore, base: Snapshot) {
    this.#objects = objects;
    this.#base = base;
    this.#entries = new Map(base.entries.map((entry): [string, SnapshotEntry] => [entry.path, entry]));
  }

  get(path: string): NewEntry | null {
    return this.#entries.get(path) ?? null;
  }

  /** Whether the path is taken, or was in the state that this one is made from: its name is nothing new. */
  knows(path: string): boolean {
    if (this.#entries.has(path)) return true;
    this.#named ??= new Set(this.#base.entries.map((entry) => entry.path));
    return this.#named.has(path);
  }

  /** Whether anything lies inside this path, or the path is a folder of its own. */
  isFolder(path: string): boolean {
    if (this.get(path)?.kind === "directory") return true;
    for (const other of this.#entries.keys()) if (other.startsWith(`${path}/`)) return true;
    return false;
  }

  /** Drops a folder in which nothing but folders is left; `false` when something is, or there is no folder. */
  dropEmptyFolder(path: string): boolean {
    const inside = [...this.#entries.values()].filter((entry) => isWithin(entry.path, path));
    if (inside.length === 0 || inside.some(({ kind }) => kind !== "directory")) return false;
    for (const entry of inside) this.#entries.delete(entry.path);
    return true;
  }

  /** Bytes of a file; `null` when there is no file at the path. */
  bytes(path: string): Uint8Array | null {
    const entry = this.get(path);
    if (entry?.kind !== "file") return null;
    return "content" in entry ? entry.content : this.#objects.read(entry.sha256);
  }

  /** Writes a file; folders on the way that lie inside a tracked one are made. */
  write(path: string, content: Uint8Array, mode: number, insideTracked: (folder: string) => boolean): void {
    for (const folder of parentsOf(path)) {
      if (insideTracked(folder) && !this.#entries.has(folder)) {
        this.#entries.set(folder, { path: folder, kind: "directory", mode: NEW_FOLDER_MODE });
      }
    }
    this.#entries.set(path, { path, kind: "file", mode, content });
  }

  /** Removes a file or a link; the folder it was in stays, empty if it was the last. */
  delete(path: string): void {
    this.#entries.delete(path);
  }

  entries(): readonly NewEntry[] {
    return [...this.#entries.values()];
  }
}

export type EditFailureCode = "edit-outside-artifacts" | "edit-not-applied" | "edit-no-change" | "edit-invalid";

/** An edit cannot be made. Caught where edits are applied: it becomes the failure of its hypothesis. */
export class EditRefused extends Error {
  readonly code: EditFailureCode;
  /** The lines of the file that are most like those it was to be made to, with their numbers. */
  readonly nearest: string | null;
  /** Which edit, where there is one to blame. */
  readonly edit: Edit | null;

  constructor(code: EditFailureCode, message: string, nearest: string | null = null, edit: Edit | null = null) {
    super(message);
    this.code = code;
    this.nearest = nearest;
    this.edit = edit;
  }

  failure(): Failure {
    return { code: this.code, message: this.message };
  }
}

export const EDIT_LIMITS = { edits: 200, fileBytes: 1024 * 1024, pathLength: 1024, nameBytes: 255 } as const;

/** Where edits may be made. */
export interface EditBounds {
  /** The artifacts, in normal form. */
  readonly tracked: readonly string[];
  /** Whether a folder of the project is a workspace: its records are no part of any state. Default: none is. */
  readonly isWorkspace?: (folder: string) => boolean;
  /** Read-only inputs, which may lie in a tracked folder. Default: none. */
  readonly inputs?: readonly string[];
}

/**
 * The path an edit means, in normal form. Throws `EditRefused` unless it is a plain path inside a tracked artifact. The
 * name of a file that is or was there already (`isKnown`) may hold any character: the user chose it.
 */
export function editPath(given: string, bounds: EditBounds, isKnown = false): string {
  const { tracked, isWorkspace = () => false, inputs = [] } = bounds;
  const path = given.replace(/^(?:\.\/)+/, "");
  const name = quoted(given);
  if (path === "") throw new EditRefused("edit-invalid", "the path is empty");
  if (path.length > EDIT_LIMITS.pathLength) {
    throw new EditRefused("edit-invalid", `the path ${name} is longer than ${EDIT_LIMITS.pathLength} characters`);
  }
  if ((!isKnown && hasControls(path)) || !path.isWellFormed()) {
    throw new EditRefused("edit-invalid", `the path ${name} holds characters that no path may hold`);
  }
  if (!isKnown && path.includes("\\"))
    throw new EditRefused("edit-invalid", `the path ${name} holds a backslash: use "/"`);
  if (path.startsWith("/") || /^[A-Za-z]:/.test(path)) {
    throw new EditRefused("edit-outside-artifacts", `${name} is an absolute path: paths are relative to the project`);
  }
  const names = path.split("/");
  if (names.some((one) => Buffer.byteLength(one) > EDIT_LIMITS.nameBytes)) {
    throw new EditRefused("edit-invalid", `the path ${name} has a part longer than ${EDIT_LIMITS.nameBytes} bytes`);
  }
  if (names.includes("..")) throw new EditRefused("edit-outside-artifacts", `${name} leaves its folder with ".."`);
  if (!isTreePath(path)) throw new EditRefused("edit-invalid", `${name} is not a file's path in normal form`);
  if (names.some((one) => isNeverTracked(one.toLowerCase()))) {
    throw new EditRefused(
      "edit-outside-artifacts",
      `${name} is in what is never tracked: .git, node_modules, .env and its like`,
    );
  }
  if (!isWithinAny(path, tracked)) {
    throw new EditRefused(
      "edit-outside-artifacts",
      `${name} is not one of the tracked artifacts (${listed(tracked.map(quoted), 10) || "there are none"})`,
    );
  }
  if (isWithinAny(path, inputs)) {
    throw new EditRefused("edit-outside-artifacts", `${name} is one of the inputs, which are read-only data`);
  }
  const workspace = [...parentsOf(path), path].find((folder) => isWorkspace(folder));
  if (workspace !== undefined) {
    throw new EditRefused("edit-outside-artifacts", `${name} lies in ${quoted(workspace)}, a workspace of AURA`);
  }
  return path;
}

/** Throws `EditRefused` for text that cannot be a file's: too large, or not encodable as UTF-8. */
export function checkText(text: string, what: string): void {
  if (!text.isWellFormed())
    throw new EditRefused("edit-invalid", `the ${what} holds half a character (a lone surrogate)`);
  if (Buffer.byteLength(text) > EDIT_LIMITS.fileBytes) throw tooLarge(what);
}

export function tooLarge(what: string): EditRefused {
  return new EditRefused("edit-invalid", `the ${what} is larger than ${EDIT_LIMITS.fileBytes / 1024 / 1024} MiB`);
}
