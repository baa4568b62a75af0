import type { Files } from "../../kernel/effects.ts";
import { isWithin } from "../../model/tree-path.ts";
import { carriedPlaces } from "../layout.ts";
import { NO_EXCLUDES } from "./excludes.ts";
import { entriesOf, scanTree } from "./scan.ts";
import { makeSnapshot, type Snapshot, type SnapshotEntry } from "./snapshot.ts";
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
function holds({ root, files }: SnapshotStore, snapshot: Snapshot): boolean {
  const { current } = carriedPlaces(root);
  if (files.stat(current)?.kind !== "directory") return false;
  const known = new Set(snapshot.entries.map(({ path }) => path));
  const onlyLeads = ({ path, kind }: SnapshotEntry): boolean =>
    kind === "directory" && !known.has(path) && snapshot.entries.some((one) => isWithin(one.path, path));
  const { found } = scanTree(files, { root: current, tracked: ["."], excludes: NO_EXCLUDES, strict: false });
  return makeSnapshot(entriesOf(files, current, found).filter((entry) => !onlyLeads(entry))).id === snapshot.id;
}
