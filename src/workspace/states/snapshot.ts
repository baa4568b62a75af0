import { WorkspaceError } from "../../kernel/errors.ts";
import { isJsonObject, parseJson, recordText } from "../../model/json.ts";
import { comparePaths, isTreePath, parentsOf } from "../../model/tree-path.ts";
import { sha256Of } from "../../platform/files/hash.ts";
import type { ObjectSchema } from "../../schema/dialect.ts";
import { quoted } from "../../text/printable.ts";

export interface FileEntry {
  readonly path: string;
  readonly kind: "file";
  /** Permission bits, 0 to 0o777. */
  readonly mode: number;
  readonly size: number;
  readonly sha256: string;
}
export interface SymlinkEntry {
  readonly path: string;
  readonly kind: "symlink";
  readonly target: string;
}
export interface DirectoryEntry {
  readonly path: string;
  readonly kind: "directory";
  readonly mode: number;
}
export type SnapshotEntry = FileEntry | SymlinkEntry | DirectoryEntry;

/** A state of a tree. Equal trees have equal ids: 16 hex digits of the SHA-256 of the entries as they are written. */
export interface Snapshot {
  readonly id: string;
  /** Sorted by path. */
  readonly entries: readonly SnapshotEntry[];
}

/** Something that was left out or looks wrong, for the user to know. */
export interface ArtifactWarning {
  readonly code: string;
  readonly message: string;
}

const FILE = /^([0-7]{4}) (\d{1,16}) ([0-9a-f]{64})$/;
const DIRECTORY = /^([0-7]{4})$/;

export const snapshotSchema = {
  type: "object",
  description: "A state of the tracked artifacts: snapshots/<id>.json",
  properties: {
    id: { type: "string", pattern: "^[0-9a-f]{16}$" },
    entries: {
      type: "object",
      description:
        "By path, what is there: `0644 <size> <sha256>` a file, `0755` a folder, `-> <target>` a symbolic link. " +
        "The bytes of a file are in snapshots/objects/<first two digits of sha256>/<sha256>.",
      additionalProperties: {
        type: "string",
        pattern: "^(0[0-7]{3}( [0-9]{1,16} [0-9a-f]{64})?|-> [\\s\\S]+)$",
      },
    },
  },
  required: ["id", "entries"],
  additionalProperties: false,
} as const satisfies ObjectSchema;

export function isSnapshotId(id: string): boolean {
  return /^[0-9a-f]{16}$/.test(id);
}

/** A snapshot of these entries, in any order. Throws `RangeError` when they cannot be one tree. */
export function makeSnapshot(entries: readonly SnapshotEntry[]): Snapshot {
  const sorted = [...entries].sort((a, b) => comparePaths(a.path, b.path));
  const problem = treeProblem(sorted);
  if (problem !== null) throw new RangeError(problem);
  return { id: idOf(sorted), entries: sorted };
}

/** What is at a path, in the short form of the manifest. */
function describeEntry(entry: SnapshotEntry): string {
  if (entry.kind === "symlink") return `-> ${entry.target}`;
  const mode = (0o10000 + entry.mode).toString(8).slice(1);
  return entry.kind === "directory" ? mode : `${mode} ${entry.size} ${entry.sha256}`;
}

/** Text of `snapshots/<id>.json`: one entry a line, which keeps twenty of them small beside the files themselves. */
export function manifestText({ id, entries }: Snapshot): string {
  return recordText({ id, entries: Object.fromEntries(entries.map((entry) => [entry.path, describeEntry(entry)])) });
}

/** The snapshot in a manifest's text. Throws `WorkspaceError` ("damaged") naming `file` when it is not the one of `id`. */
export function parseManifest(text: string, id: string, file: string): Snapshot {
  const entries = parseEntries(text);
  if (typeof entries === "string") throw damagedManifest(file, entries);
  entries.sort((a, b) => comparePaths(a.path, b.path));
  const problem = treeProblem(entries);
  if (problem !== null) throw damagedManifest(file, problem);
  if (idOf(entries) !== id) throw damagedManifest(file, "its entries are not those of its id");
  return { id, entries };
}

export function damagedManifest(file: string, reason: string): WorkspaceError {
  return new WorkspaceError(
    "damaged",
    `${file} is damaged: ${reason}\nRestore the file; the state it describes cannot be used without it.`,
    { file },
  );
}

function parseEntries(text: string): SnapshotEntry[] | string {
  const value = parseJson(text);
  if (value === null) return "it is not JSON";
  if (!isJsonObject(value) || typeof value.id !== "string") return "it has no id";
  const described = value.entries;
  if (!isJsonObject(described)) return "it has no entries";
  const entries: SnapshotEntry[] = [];
  for (const [path, what] of Object.entries(described)) {
    const entry = typeof what === "string" ? parseEntry(path, what) : null;
    if (entry === null) return `the entry of ${quoted(path)} is not one`;
    entries.push(entry);
  }
  return entries;
}

function parseEntry(path: string, what: string): SnapshotEntry | null {
  const file = FILE.exec(what);
  if (file?.[1] && file[2] && file[3]) {
    return { path, kind: "file", mode: Number.parseInt(file[1], 8), size: Number(file[2]), sha256: file[3] };
  }
  const directory = DIRECTORY.exec(what);
  if (directory?.[1]) return { path, kind: "directory", mode: Number.parseInt(directory[1], 8) };
  return what.startsWith("-> ") ? { path, kind: "symlink", target: what.slice(3) } : null;
}

/** What keeps sorted entries from being one tree; `null` when nothing does. */
function treeProblem(entries: readonly SnapshotEntry[]): string | null {
  const kinds = new Map<string, SnapshotEntry["kind"]>();
  const checked = new Set<string>();
  for (const entry of entries) {
    const { path } = entry;
    if (!isTreePath(path)) return `${quoted(path)} is not a path inside a tree`;
    if (kinds.has(path)) return `${quoted(path)} is there twice`;
    kinds.set(path, entry.kind);
    if (entry.kind === "symlink" ? !isLinkTarget(entry.target) : !isMode(entry.mode)) {
      return `${quoted(path)} has no valid ${entry.kind === "symlink" ? "target" : "mode"}`;
    }
    const folder = path.slice(0, Math.max(0, path.lastIndexOf("/")));
    if (folder === "" || checked.has(folder)) continue;
    checked.add(folder);
    const wrong = parentsOf(path).find((parent) => kinds.has(parent) && kinds.get(parent) !== "directory");
    if (wrong !== undefined) return `${quoted(path)} lies in ${quoted(wrong)}, which is no folder`;
  }
  return null;
}

function isLinkTarget(target: string): boolean {
  return target !== "" && target.length <= 4096 && !target.includes("\0");
}

function isMode(mode: number): boolean {
  return Number.isInteger(mode) && mode >= 0 && mode <= 0o777;
}

function idOf(sorted: readonly SnapshotEntry[]): string {
  let text = "";
  for (const entry of sorted) text += `${entry.path}\0${describeEntry(entry)}\0`;
  return sha256Of(text).slice(0, 16);
}

/** A path at which two states differ. */
export interface Change {
  readonly path: string;
  readonly before: SnapshotEntry | null;
  readonly after: SnapshotEntry | null;
}

/** Where two states differ, sorted by path. */
export function changesBetween(before: Snapshot, after: Snapshot): readonly Change[] {
  const left = new Map(before.entries.map((entry) => [entry.path, entry]));
  const right = new Map(after.entries.map((entry) => [entry.path, entry]));
  return [...new Set([...left.keys(), ...right.keys()])]
    .sort(comparePaths)
    .map((path) => ({ path, before: left.get(path) ?? null, after: right.get(path) ?? null }))
    .filter((change) => !sameEntry(change.before, change.after));
}

/** Paths at which two states differ, sorted. */
export function changedBetween(before: Snapshot, after: Snapshot): readonly string[] {
  return changesBetween(before, after).map((change) => change.path);
}

/** Whether two entries are the same, modes included. */
export function sameEntry(a: SnapshotEntry | null, b: SnapshotEntry | null): boolean {
  if (a === null || b === null) return a === b;
  return a.kind === b.kind && describeEntry(a) === describeEntry(b);
}

/** Whether two entries hold the same thing, whatever their modes. */
export function sameContent(a: SnapshotEntry | null, b: SnapshotEntry | null): boolean {
  if (a === null || b === null) return a === b;
  if (a.kind === "file" && b.kind === "file") return a.sha256 === b.sha256;
  return a.kind === b.kind && (a.kind !== "symlink" || (b.kind === "symlink" && a.target === b.target));
}
