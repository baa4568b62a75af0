import { join } from "node:path";
import type { Files } from "../../kernel/effects.ts";
import { carriedPlaces } from "../layout.ts";
import { NO_EXCLUDES } from "./excludes.ts";
import { isWithin } from "./paths.ts";
import { scanTree } from "./scan.ts";
import type { Snapshot, SnapshotEntry } from "./snapshot.ts";
import type { SnapshotStore } from "./store.ts";

/**
 * `artifacts/` shows the state carried on; the records say which that is. It is replaced as a whole:
 *
 *     artifacts.filling  being written          killed here: thrown away
 *     artifacts.next     complete               killed here: thrown away while artifacts/ is there, else put in place
 *     artifacts.old      what artifacts/ was    killed here: removed
 */

/** Makes `artifacts/` this state, byte for byte; does nothing when it is. Finishes or undoes what a crash left. */
export function setCarried(store: SnapshotStore, snapshotId: string): void {
  recoverCarried(store);
  const snapshot = store.read(snapshotId);
  if (holds(store, snapshot)) return;
  stageCarried(store, snapshotId);
  swapCarried(store);
}

/** Writes the state beside `artifacts/`, complete: what can fail has failed before anything is replaced. */
export function stageCarried(store: SnapshotStore, snapshotId: string): void {
  const { filling, next } = carriedPlaces(store.root);
  store.assertWritable();
  store.files.remove(filling);
  store.files.remove(next);
  store.materialize(snapshotId, filling);
  store.files.rename(filling, next);
}

/** Puts the staged state in the place of `artifacts/`. */
export function swapCarried(store: SnapshotStore): void {
  const { current, next, old } = carriedPlaces(store.root);
  const { files } = store;
  store.assertWritable();
  if (files.stat(current) !== null) {
    files.remove(old);
    files.rename(current, old);
  }
  files.rename(next, current);
  files.remove(old);
}

/** Finishes or undoes a replacement that was cut short: `artifacts/` is what it was before, or what it was to be. */
export function recoverCarried(store: SnapshotStore): void {
  const { current, filling, next, old } = carriedPlaces(store.root);
  store.assertWritable();
  const { files } = store;
  if (!exists(files, current)) {
    if (exists(files, next)) files.rename(next, current);
    else if (exists(files, old)) files.rename(old, current);
  }
  for (const leftover of [filling, next, old]) if (exists(files, leftover)) files.remove(leftover);
}

function exists(files: Files, path: string): boolean {
  return files.stat(path) !== null;
}

/** Whether `artifacts/` is exactly this state; folders that only lead to a tracked path are no part of it. */
function holds(store: SnapshotStore, snapshot: Snapshot): boolean {
  const { current } = carriedPlaces(store.root);
  if (store.files.stat(current)?.kind !== "directory") return false;
  const expected = new Map(snapshot.entries.map((entry) => [entry.path, entry]));
  const { found } = scanTree(store.files, { root: current, tracked: ["."], excludes: NO_EXCLUDES, strict: false });
  let matched = 0;
  for (const { path, stat, target } of found) {
    const entry = expected.get(path);
    if (entry === undefined) {
      if (stat.kind === "directory" && snapshot.entries.some((one) => isWithin(one.path, path))) continue;
      return false;
    }
    if (entry.kind !== stat.kind || !isSame(entry, stat.mode & 0o777, target)) return false;
    if (entry.kind === "file" && store.files.hash(join(current, path)) !== entry.sha256) return false;
    matched += 1;
  }
  return matched === expected.size;
}

function isSame(entry: SnapshotEntry, mode: number, target: string | undefined): boolean {
  return entry.kind === "symlink" ? entry.target === target : entry.mode === mode;
}
