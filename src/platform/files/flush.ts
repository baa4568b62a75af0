import { closeSync, constants, fsyncSync, openSync } from "node:fs";
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

/** Flushes files and directories to the disk. Those that are missing or cannot be flushed are left alone. */
export function flushAll(paths: readonly string[], flushOne: (path: string) => void): void {
  const [first] = paths;
  if (first === undefined || paths.length < MANY || !flushFileSystemOf(first)) for (const path of paths) flushOne(path);
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
