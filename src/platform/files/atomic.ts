import {
  chmodSync,
  closeSync,
  constants,
  fdatasyncSync,
  fsyncSync,
  linkSync,
  openSync,
  renameSync,
  rmSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { isAbsent, systemCode } from "./errors.ts";

/** Names of temporary files: `.<name>.<pid>-<n>.tmp`. What a crash leaves of them is never read and may be removed. */
export const TEMPORARY_NAME = /^\..*\.\d+-\d+\.tmp$/;

/** Bytes of a name kept in its temporary file's name, so that the longest allowed name still has room. */
const KEPT_NAME = 60;

const NO_HARD_LINKS: ReadonlySet<string> = new Set(["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EMLINK", "EXDEV"]);

export interface WriteOptions {
  readonly durable?: boolean;
  readonly mode?: number;
}

/** Gives names of temporary files beside a path; no two calls in this process give the same. */
export type TemporaryNames = (path: string) => string;

export function temporaryNames(): TemporaryNames {
  const { pid } = process;
  let count = 0;
  return (path) => {
    count += 1;
    const name = basename(path);
    // By characters and not by code units, half of one of which would be no name at all.
    const kept = name.length <= KEPT_NAME ? name : [...name].slice(0, KEPT_NAME).join("");
    return join(dirname(path), `.${kept}.${pid}-${count}.tmp`);
  };
}

/** Writes a file whole: a temporary file beside it, then a rename over it. A failure leaves what was there. */
export function writeAtomic(
  path: string,
  data: string | Uint8Array,
  options: WriteOptions,
  names: TemporaryNames,
): void {
  const temporary = writeTemporary(path, data, options, names);
  removeOnFailure(temporary, () => renameSync(temporary, path));
  if (options.durable) flush(dirname(path));
}

/**
 * Creates a file with its whole content in one step, by hard-linking a finished temporary file: readers never see half
 * of it, and of several callers one wins. Where there are no hard links the file is opened exclusively instead.
 */
export function createExclusive(path: string, data: string, names: TemporaryNames): boolean {
  for (;;) {
    const temporary = writeTemporary(path, data, {}, names);
    try {
      linkSync(temporary, path);
      return true;
    } catch (thrown) {
      const code = systemCode(thrown);
      if (code === "EEXIST") return false;
      if (code !== null && NO_HARD_LINKS.has(code)) return createInPlace(path, data);
      // Whoever is in charge of the folder took the temporary file for a dead writer's: write another.
      if (code !== "ENOENT") throw thrown;
    } finally {
      rmSync(temporary, { force: true });
    }
  }
}

function createInPlace(path: string, data: string): boolean {
  let fd: number;
  try {
    fd = openSync(path, "wx");
  } catch (thrown) {
    if (systemCode(thrown) === "EEXIST") return false;
    throw thrown;
  }
  removeOnFailure(path, () => {
    try {
      writeFileSync(fd, data);
    } finally {
      closeSync(fd);
    }
  });
  return true;
}

function writeTemporary(path: string, data: string | Uint8Array, options: WriteOptions, names: TemporaryNames): string {
  for (;;) {
    const temporary = names(path);
    let fd: number;
    try {
      fd = openSync(temporary, "wx", options.mode ?? 0o644);
    } catch (thrown) {
      // Left by a dead process that had the same id, as the first process of a container always has.
      if (systemCode(thrown) === "EEXIST") continue;
      throw thrown;
    }
    removeOnFailure(temporary, () => fill(fd, temporary, data, options));
    return temporary;
  }
}

function fill(fd: number, path: string, data: string | Uint8Array, options: WriteOptions): void {
  try {
    // Goes on after short writes until all is written.
    writeFileSync(fd, data);
    if (options.durable) fdatasyncSync(fd);
  } finally {
    closeSync(fd);
  }
  // A mode that was asked for is meant exactly; the default one is subject to the user's mask, as for any file.
  if (options.mode !== undefined) chmodSync(path, options.mode);
}

function removeOnFailure(path: string, action: () => void): void {
  try {
    action();
  } catch (thrown) {
    try {
      unlinkSync(path);
    } catch {
      // The first failure is the one to report; a temporary file that stays is harmless.
    }
    throw thrown;
  }
}

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

/**
 * Flushes files and directories to the disk; all are on the file system of the first. Those that are missing or cannot
 * be flushed are left alone.
 */
export function flushAll(paths: readonly string[], flushOne: (path: string) => void): void {
  const [first] = paths;
  if (first === undefined) return;
  if (paths.length < MANY) for (const path of paths) flushOne(path);
  else if (!flushFileSystemOf(first)) for (const path of paths) flushOne(path);
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
