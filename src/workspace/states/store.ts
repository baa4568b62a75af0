import { dirname, join } from "node:path";
import type { Files } from "../../kernel/effects.ts";
import { WorkspaceError } from "../../kernel/errors.ts";
import { atOnce, inTurns, pieceOfFiles, type Steps } from "../../kernel/steps.ts";
import { defined } from "../../model/json.ts";
import { sha256Of } from "../../platform/files/hash.ts";
import { quoted } from "../../text/printable.ts";
import { manifestFileOf, objectFile, snapshotsDir } from "../layout.ts";
import { createExcludes, type Excludes } from "./excludes.ts";
import { ObjectStore, type StoredFile } from "./objects.ts";
import { type Found, type ScanLimits, scanTree } from "./scan.ts";
import {
  type ArtifactWarning,
  damagedManifest,
  isSnapshotId,
  makeSnapshot,
  manifestText,
  parseManifest,
  type Snapshot,
  type SnapshotEntry,
} from "./snapshot.ts";

export interface CaptureOptions {
  /** Default: what is never tracked, workspaces, and what `.gitignore` files say. */
  readonly excludes?: Excludes;
  /** Default true: a tracked path that is missing, special or outside is an error; else it is left out with a warning. */
  readonly strict?: boolean;
  /** Default false: all of it is on the disk before this returns. */
  readonly durable?: boolean;
  readonly limits?: ScanLimits;
  /** Paths that are left out with all in them. Default: none. */
  readonly without?: readonly string[];
}

export interface Captured {
  readonly snapshot: Snapshot;
  readonly warnings: readonly ArtifactWarning[];
}

/** An entry to store, a file with its contents. */
export type NewEntry =
  | { readonly path: string; readonly kind: "file"; readonly mode: number; readonly content: Uint8Array }
  | SnapshotEntry;

/** An entry as a manifest has it. */
export function recorded(entry: NewEntry): SnapshotEntry {
  if (!("content" in entry)) return entry;
  const { path, kind, mode, content } = entry;
  return { path, kind, mode, size: content.length, sha256: sha256Of(content) };
}

/**
 * The states of a workspace: `snapshots/<id>.json` one manifest each, file contents once in `snapshots/objects`.
 * Whatever is interrupted can be done again; a manifest is written after all it names.
 */
export class SnapshotStore {
  readonly root: string;
  readonly files: Files;
  readonly objects: ObjectStore;
  /** Throws when this process may no longer write to the workspace; called before each group of writes. */
  readonly assertWritable: () => void;

  /** `root` is the workspace's. Nothing is written before the first state is. */
  constructor(root: string, files: Files, assertWritable: () => void = () => {}) {
    this.root = root;
    this.files = files;
    this.objects = new ObjectStore(root, files);
    this.assertWritable = assertWritable;
  }

  /**
   * Takes a snapshot of the tracked parts of a tree. Modes, links, empty folders and binary files survive; special
   * files are left out with a warning. Throws `SpecError` (when strict) and `TreeTooLarge` as `scanTree` does.
   */
  capture(treeRoot: string, tracked: readonly string[], options: CaptureOptions = {}): Captured {
    return atOnce(this.#capture(treeRoot, tracked, options));
  }

  /** The same with pauses, as reading may take long: `turn` is awaited again and again, and what it throws ends it. */
  captureInTurns(
    treeRoot: string,
    tracked: readonly string[],
    options: CaptureOptions,
    turn: () => Promise<void>,
  ): Promise<Captured> {
    return inTurns(this.#capture(treeRoot, tracked, options), turn);
  }

  *#capture(treeRoot: string, tracked: readonly string[], options: CaptureOptions): Steps<Captured> {
    this.assertWritable();
    const scan = scanTree(this.files, {
      root: treeRoot,
      tracked,
      excludes: options.excludes ?? createExcludes(),
      strict: options.strict ?? true,
      workspace: this.root,
      ...defined({ limits: options.limits, without: options.without }),
    });
    const snapshot = yield* snapshotOf(scan.found, ({ path, stat }) =>
      this.objects.putFile(join(treeRoot, path), stat.size),
    );
    this.#write(snapshot, options.durable ?? false);
    return { snapshot, warnings: scan.warnings };
  }

  /** Stores a tree that was made in memory; entries of files already stored are taken as they are. */
  putTree(entries: readonly NewEntry[], durable = false): Snapshot {
    this.assertWritable();
    for (const entry of entries) if ("content" in entry) this.objects.put(entry.content);
    const snapshot = makeSnapshot(entries.map(recorded));
    this.#write(snapshot, durable);
    return snapshot;
  }

  /** Takes a state over from another store, checked to the byte; it is on the disk when this returns. */
  copyFrom(other: SnapshotStore, id: string): Snapshot {
    const snapshot = other.verify(id);
    this.assertWritable();
    for (const entry of snapshot.entries)
      if (entry.kind === "file") this.objects.putFile(objectFile(other.root, entry.sha256), entry.size);
    this.#write(snapshot, true);
    return snapshot;
  }

  /** Throws `WorkspaceError` ("damaged") naming the manifest when it is missing or not as it was written. */
  read(id: string): Snapshot {
    if (!isSnapshotId(id))
      throw new WorkspaceError("damaged", `${quoted(id)}, as a record has it, is not the id of a state`);
    const file = manifestFileOf(this.root, id);
    const kind = this.files.stat(file)?.kind;
    if (kind === "directory" || kind === "other") throw damagedManifest(file, "it is no file");
    const text = this.files.readText(file);
    if (text === null) throw damagedManifest(file, "it is missing");
    return parseManifest(text, id, file);
  }

  /** Ids of all states, sorted. */
  ids(): readonly string[] {
    return (this.files.list(snapshotsDir(this.root)) ?? [])
      .map((entry) => entry.name.replace(/\.json$/, ""))
      .filter((name) => isSnapshotId(name));
  }

  /** Writes a state into `target`, which must be absent or empty: byte for byte, with modes, links and empty folders. */
  materialize(id: string, target: string): void {
    writeTree(this.files, this.objects, target, this.read(id).entries);
  }

  /** Throws `WorkspaceError` ("damaged") unless every byte of a state is there: it can be restored. */
  verify(id: string): Snapshot {
    const snapshot = this.read(id);
    const hashes = new Set(snapshot.entries.flatMap((entry) => (entry.kind === "file" ? [entry.sha256] : [])));
    for (const sha256 of hashes) this.objects.verify(sha256);
    return snapshot;
  }

  #write(snapshot: Snapshot, durable: boolean): void {
    if (durable) this.objects.flush();
    const file = manifestFileOf(this.root, snapshot.id);
    const text = manifestText(snapshot);
    // One that was cut short by a power failure is written again; the right one is left alone.
    if (this.files.stat(file)?.size === Buffer.byteLength(text) && this.files.readText(file) === text) return;
    this.assertWritable();
    this.files.makeDirectory(snapshotsDir(this.root));
    this.files.writeAtomic(file, text, { durable });
  }
}

function* snapshotOf(found: readonly Found[], store: (found: Found) => StoredFile | null): Steps<Snapshot> {
  const entries: SnapshotEntry[] = [];
  const isPiece = pieceOfFiles();
  for (const one of found) {
    const mode = one.stat.mode & 0o777;
    if (one.stat.kind === "directory") entries.push({ path: one.path, kind: "directory", mode });
    else if (one.target !== undefined) entries.push({ path: one.path, kind: "symlink", target: one.target });
    else if (one.stat.kind === "file") {
      const stored = store(one);
      if (stored !== null) {
        entries.push({ path: one.path, kind: "file", mode, size: stored.size, sha256: stored.sha256 });
      }
      if (isPiece(one.stat.size)) yield;
    }
  }
  return makeSnapshot(entries);
}

/**
 * Writes a tree's entries into `target`, which must be absent or an empty folder: copies with exact modes, never links
 * to the store. Entries are sorted by path. Throws `WorkspaceError` ("damaged") for an object that is not as recorded.
 */
export function writeTree(files: Files, objects: ObjectStore, target: string, entries: readonly SnapshotEntry[]): void {
  if ((files.list(target) ?? []).length > 0) {
    throw new WorkspaceError("exists", `${target} is not empty: a state is written into an empty folder only`);
  }
  files.makeDirectory(target);
  const made = new Set<string>([target]);
  for (const entry of entries) {
    const path = join(target, entry.path);
    makeFolder(files, made, entry.kind === "directory" ? path : dirname(path));
    if (entry.kind === "file") objects.copyTo(entry.sha256, path, entry.mode);
    else if (entry.kind === "symlink") files.symlink(entry.target, path);
  }
  setFolderModes(files, target, entries);
}

/** Sets the exact modes of folders, innermost first, because a folder may be one that nothing can be written into. */
function setFolderModes(files: Files, target: string, entries: readonly SnapshotEntry[]): void {
  for (const entry of entries.toReversed()) {
    if (entry.kind === "directory") files.chmod(join(target, entry.path), entry.mode);
  }
}

function makeFolder(files: Files, made: Set<string>, path: string): void {
  if (made.has(path)) return;
  files.makeDirectory(path);
  made.add(path);
}
