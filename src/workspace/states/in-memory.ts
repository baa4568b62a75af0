import { dirname, join } from "node:path";
import type { Files } from "../../kernel/effects.ts";
import { messageOf, UsageError } from "../../kernel/errors.ts";
import { projectExcludes } from "./excludes.ts";
import { scanTree, TreeTooLarge } from "./scan.ts";
import { makeSnapshot, type Snapshot, type SnapshotEntry } from "./snapshot.ts";
import { type NewEntry, recorded } from "./store.ts";

/** A state of files and folders with their contents, held in memory. Equal states have equal ids. */
export interface ArtifactState {
  readonly id: string;
  /** Sorted by path: files with their bytes and permission bits, links with what they lead to, folders. */
  readonly entries: readonly ArtifactEntry[];
}

/** A file, a link or a folder of a state; `path` is relative to the project. */
export type ArtifactEntry =
  | { readonly path: string; readonly kind: "file"; readonly mode: number; readonly content: Uint8Array }
  | { readonly path: string; readonly kind: "symlink"; readonly target: string }
  | { readonly path: string; readonly kind: "directory"; readonly mode: number };

/** What is larger is not held in memory. */
const LIMITS = { entries: 100_000, bytes: 256 * 1024 * 1024, pathLength: 4096 };

/** The state of what is at a path of a tree. Throws `UsageError` when that is more than is held in memory. */
export function readState(files: Files, root: string, path: string): ArtifactState {
  return madeState(found(files, root, path));
}

/** A state of these entries, in any order. */
export function madeState(entries: readonly ArtifactEntry[]): ArtifactState {
  const byPath = new Map(entries.map((entry) => [entry.path, entry]));
  const { id, entries: sorted } = snapshotOf({ entries });
  return { id, entries: sorted.flatMap((entry) => byPath.get(entry.path) ?? []) };
}

function found(files: Files, root: string, path: string): readonly ArtifactEntry[] {
  try {
    const excludes = projectExcludes(files, root);
    const scan = scanTree(files, { root, tracked: [path], excludes, strict: false, limits: LIMITS });
    return scan.found.flatMap(({ path: at, stat, target }): readonly ArtifactEntry[] => {
      const mode = stat.mode & 0o777;
      if (target !== undefined) return [{ path: at, kind: "symlink", target }];
      if (stat.kind === "directory") return [{ path: at, kind: "directory", mode }];
      const content = stat.kind === "file" ? files.readBytes(join(root, at)) : null;
      return content === null ? [] : [{ path: at, kind: "file", mode, content }];
    });
  } catch (thrown) {
    if (!(thrown instanceof TreeTooLarge)) throw thrown;
    throw new UsageError(`the state of ${path} in ${root} cannot be held in memory: ${messageOf(thrown)}`);
  }
}

/** States as what compares them reads them. */
export function readable(states: readonly ArtifactState[]) {
  const snapshots = new Map(states.map((state) => [state.id, snapshotOf(state)]));
  const contents = new Map<string, Uint8Array>();
  for (const entry of states.flatMap(({ entries }) => entries)) {
    const known = recorded(entry);
    if (entry.kind === "file" && known.kind === "file") contents.set(known.sha256, entry.content);
  }
  const get = <T>(from: ReadonlyMap<string, T>, key: string): T => {
    const value = from.get(key);
    if (value === undefined) throw new UsageError(`${key} is none of the states that are compared`);
    return value;
  };
  return {
    read: (id: string): Snapshot => get(snapshots, id),
    objects: { read: (sha256: string): Uint8Array => get(contents, sha256) },
  };
}

function snapshotOf({ entries }: Pick<ArtifactState, "entries">): Snapshot {
  return makeSnapshot(entries.map((entry): SnapshotEntry => recorded(entry satisfies NewEntry)));
}

/** Makes what is at the paths of a state what it was, and nothing else there: of what is there now, the rest goes. */
export function putState(files: Files, root: string, now: ArtifactState, state: ArtifactState): void {
  const wanted = new Map(state.entries.map((entry) => [entry.path, entry]));
  for (const { path, kind } of now.entries.toReversed()) {
    if (wanted.get(path)?.kind === kind) continue;
    const at = join(root, path);
    // A folder stays where something is in it that is no part of the state.
    if (kind !== "directory" || files.list(at)?.length === 0) files.remove(at);
  }
  for (const entry of state.entries) {
    const at = join(root, entry.path);
    files.makeDirectory(entry.kind === "directory" ? at : dirname(at));
    if (entry.kind === "file") files.writeAtomic(at, entry.content, { mode: entry.mode });
    if (entry.kind !== "symlink" || files.readLink(at) === entry.target) continue;
    files.remove(at);
    files.symlink(entry.target, at);
  }
  // Innermost first: a folder may be one that nothing can be written into.
  for (const entry of state.entries.toReversed())
    if (entry.kind === "directory") files.chmod(join(root, entry.path), entry.mode);
}
