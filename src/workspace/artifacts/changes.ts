import { comparePaths } from "./paths.ts";
import { describeEntry, type Snapshot, type SnapshotEntry } from "./snapshot.ts";
import type { SnapshotStore } from "./store.ts";

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

/** Paths at which two recorded states differ, sorted. Throws `WorkspaceError` when one of them cannot be read. */
export function changedPaths(store: SnapshotStore, a: string, b: string): readonly string[] {
  return a === b ? [] : changedBetween(store.read(a), store.read(b));
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
