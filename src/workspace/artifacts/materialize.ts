import { dirname, join } from "node:path";
import type { Files } from "../../kernel/effects.ts";
import { WorkspaceError } from "../../kernel/errors.ts";
import type { ObjectStore } from "./objects.ts";
import type { SnapshotEntry } from "./snapshot.ts";

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
