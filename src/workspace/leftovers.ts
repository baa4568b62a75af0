import { join } from "node:path";
import { TEMPORARY_NAME } from "../platform/files/atomic.ts";
import {
  iterationDir,
  iterationsDir,
  LOCK_CLAIM_PREFIX,
  RECORD_FOLDERS,
  recordDir,
  rollbacksDir,
  snapshotsDir,
} from "./layout.ts";
import { listIterations } from "./listing.ts";
import type { Source } from "./records.ts";

/**
 * Files that a killed writer left and nobody will ask for: temporary ones, and claims on the locks of the dead. Looks
 * where writing goes on (the root, the states and the last iteration), or everywhere. Only the holder of the lock may
 * remove them, as those of a living writer look the same.
 */
export function leftovers({ root, files }: Source, where: "recent" | "everywhere" = "recent"): readonly string[] {
  const iterations = listIterations(root, files);
  const looked = where === "recent" ? iterations.slice(-1) : iterations;
  const folders = [
    root,
    iterationsDir(root),
    rollbacksDir(root),
    ...stateFolders({ root, files }),
    ...looked.flatMap((n) => [iterationDir(root, n), ...RECORD_FOLDERS.map((folder) => recordDir(root, n, folder))]),
  ];
  return folders.flatMap((folder) =>
    (files.list(folder) ?? [])
      .filter(({ name, kind }) => kind === "file" && isLeftover(name))
      .map(({ name }) => join(folder, name)),
  );
}

/** Folders that hold snapshots and the contents of their files. */
function stateFolders({ root, files }: Source): readonly string[] {
  const objects = join(snapshotsDir(root), "objects");
  const shelves = (files.list(objects) ?? []).filter(({ kind }) => kind === "directory");
  return [snapshotsDir(root), objects, ...shelves.map(({ name }) => join(objects, name))];
}

function isLeftover(name: string): boolean {
  return TEMPORARY_NAME.test(name) || name.startsWith(LOCK_CLAIM_PREFIX);
}
