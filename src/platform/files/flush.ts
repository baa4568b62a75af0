import { closeSync, constants, fsyncSync, openSync, statfsSync } from "node:fs";
import { isAbsent, systemCode } from "./errors.ts";

/** Codes with which a file system says that it cannot flush this kind of entry, or that there is nothing to flush. */
const CANNOT_FLUSH: ReadonlySet<string> = new Set([
  "EINVAL",
  "EISDIR",
  "EACCES",
  "EPERM",
  "ENOTSUP",
  "EOPNOTSUPP",
  "EROFS",
  "ENXIO",
]);

/** From so many entries on, one flush of the file system they are on costs less than one for each. */
const MANY = 64;
const WHOLE_TIMEOUT_MS = 10_000;

/** What `statfs` calls the file system that is in memory only (TMPFS_MAGIC of linux/magic.h). */
const IN_MEMORY = 0x01021994;

/**
 * Flushes files and directories to the disk; all are on the file system of the first. Those that are missing or cannot
 * be flushed are left alone, and where there is no disk there is nothing to do.
 */
export function flushAll(paths: readonly string[], flushOne: (path: string) => void): void {
  const [first] = paths;
  if (first === undefined) return;
  if (paths.length < MANY) for (const path of paths) flushOne(path);
  else if (!isInMemory(first) && !flushFileSystemOf(first)) for (const path of paths) flushOne(path);
}

function isInMemory(path: string): boolean {
  try {
    return statfsSync(path).type === IN_MEMORY;
  } catch {
    return false;
  }
}

/** `syncfs(2)` by way of coreutils, which Node has no call for; `false` where that is not to be had. */
function flushFileSystemOf(path: string): boolean {
  if (process.platform !== "linux") return false;
  // Loaded when it is needed: whoever only reads a workspace pays for no process module.
  const { spawnSync } = process.getBuiltinModule("node:child_process");
  return spawnSync("sync", ["-f", path], { stdio: "ignore", timeout: WHOLE_TIMEOUT_MS }).status === 0;
}

/** Flushes a file or a directory to the disk; one that is missing or cannot be flushed is left alone. */
export function flush(path: string): void {
  try {
    const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
  } catch (thrown) {
    const code = systemCode(thrown);
    if (!isAbsent(thrown) && (code === null || !CANNOT_FLUSH.has(code))) throw thrown;
  }
}
