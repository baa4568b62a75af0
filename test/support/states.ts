import { existsSync } from "node:fs";
import { join } from "node:path";
import { systemFiles } from "../../src/platform/files/local.ts";
import { NO_EXCLUDES } from "../../src/workspace/states/excludes.ts";
import { entriesOf, scanTree } from "../../src/workspace/states/scan.ts";
import { makeSnapshot } from "../../src/workspace/states/snapshot.ts";
import type { SnapshotStore } from "../../src/workspace/states/store.ts";

const files = systemFiles();

/** Id of the state that the tracked parts of a tree are in; nothing is stored. */
export function identify(root: string, tracked: readonly string[]): string {
  const { found } = scanTree(files, { root, tracked, excludes: NO_EXCLUDES, strict: false });
  return makeSnapshot(entriesOf(files, root, found)).id;
}

/** Id of the state that `artifacts/` holds, also when its replacement was cut short; `null` when there is none. */
export function readCarried(workspace: string, tracked: readonly string[]): string | null {
  const places = ["artifacts", "artifacts.next", "artifacts.old"].map((name) => join(workspace, name));
  const place = places.find((path) => existsSync(path));
  return place === undefined ? null : identify(place, tracked);
}

/** Contents of a file of a state; `null` when the state has no file there. */
export function contentOf(store: SnapshotStore, id: string, path: string): Uint8Array | null {
  const entry = store.read(id).entries.find((one) => one.path === path);
  return entry?.kind === "file" ? store.objects.read(entry.sha256) : null;
}
