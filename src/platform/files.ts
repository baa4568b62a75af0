import {
  appendFileSync,
  chmodSync,
  closeSync,
  constants,
  copyFileSync,
  lutimesSync,
  mkdirSync,
  openSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  renameSync,
  statSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
} from "node:fs";
import { dirname } from "node:path";
import type { Files } from "../kernel/effects.ts";
import { atOnce, type Steps } from "../kernel/steps.ts";
import { createExclusive, temporaryNames, writeAtomic } from "./files/atomic.ts";
import { listEntries, statEntry } from "./files/entries.ts";
import { isMissing, stored, storedOrNull, storedSteps, systemCode } from "./files/errors.ts";
import { flush, flushAll } from "./files/flush.ts";
import { hashFile } from "./files/hash.ts";
import { identityOf } from "./files/identity.ts";
import { removeTree } from "./files/remove.ts";

function hashing(path: string): Steps<string | null> {
  return storedSteps("hash", path, hashFile(path));
}

/** A named pipe opened with this reads as empty instead of holding AURA up until somebody writes to it. */
const READ = constants.O_RDONLY | constants.O_NONBLOCK;

/**
 * The file system of this machine. Everything the operating system refuses is a `StorageError`; where a method may
 * answer `null`, so does a path that nothing can have (a loop of links, a name too long for the disk).
 */
export function systemFiles(): Files {
  const names = temporaryNames();
  return {
    readText: (path) => storedOrNull("read", path, () => reading(path, (fd) => readFileSync(fd, "utf8"))),
    readBytes: (path) => storedOrNull("read", path, () => reading(path, (fd) => readFileSync(fd))),
    list: (path) => storedOrNull("list", path, () => listEntries(path)),
    stat: (path) => storedOrNull("stat", path, () => statEntry(path)),
    realPath: (path) => storedOrNull("resolve", path, () => realpathSync.native(path)),
    readLink: (path) => storedOrNull("read link", path, () => readLinkOrNull(path)),
    identity: (path) => storedOrNull("identify", path, () => identityOf(path)),
    makeDirectory: (path, mode) => stored("make directory", path, () => makeDirectory(path, mode)),
    writeAtomic: (path, data, options = {}) => stored("write", path, () => writeAtomic(path, data, options, names)),
    createExclusive: (path, data) => stored("create", path, () => createExclusive(path, data, names)),
    append: (path, data) => stored("append to", path, () => append(path, data)),
    copyFile: (from, to, mode) => stored("copy to", to, () => copyFile(from, to, mode)),
    symlink: (target, path) => stored("link", path, () => symlinkSync(target, path)),
    chmod: (path, mode) => stored("change mode of", path, () => chmodSync(path, mode)),
    setTimes: (path, mtimeMs) => stored("set times of", path, () => lutimesSync(path, mtimeMs / 1000, mtimeMs / 1000)),
    rename: (from, to) => stored("rename to", to, () => renameSync(from, to)),
    remove: (path) => stored("remove", path, () => removeTree(path)),
    truncate: (path, size) => stored("truncate", path, () => truncateSync(path, size)),
    flush: (paths) => flushAll(paths, (path) => stored("flush", path, () => flush(path))),
    hash: (path) => atOnce(hashing(path)),
    hashing,
  };
}

/** A named pipe that nobody reads refuses to be opened with this instead of holding AURA up. */
const APPEND = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_NONBLOCK;

function append(path: string, data: string): void {
  const fd = openSync(path, APPEND, 0o666);
  try {
    appendFileSync(fd, data);
  } finally {
    closeSync(fd);
  }
}

function reading<T>(path: string, read: (fd: number) => T): T {
  const fd = openSync(path, READ);
  try {
    return read(fd);
  } finally {
    closeSync(fd);
  }
}

function readLinkOrNull(path: string): string | null {
  try {
    return readlinkSync(path);
  } catch (thrown) {
    // There is something, but it is no link.
    if (systemCode(thrown) === "EINVAL") return null;
    throw thrown;
  }
}

/**
 * Makes a folder and those above it. Step by step: Node's own recursive call never returns where the system refuses to
 * make a folder with "no such file", as /proc does, and says the same of a read-only disk.
 */
function makeDirectory(path: string, mode?: number): void {
  try {
    makeOne(path);
  } catch (thrown) {
    if (!isMissing(thrown) || dirname(path) === path) throw thrown;
    makeDirectory(dirname(path));
    makeOne(path);
  }
  if (mode !== undefined) chmodSync(path, mode);
}

function makeOne(path: string): void {
  try {
    mkdirSync(path);
  } catch (thrown) {
    if (!statSync(path, { throwIfNoEntry: false })?.isDirectory()) throw thrown;
  }
}

function copyFile(from: string, to: string, mode: number): void {
  const flags = constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE;
  try {
    copyFileSync(from, to, flags);
  } catch (thrown) {
    if (systemCode(thrown) !== "EEXIST") throw thrown;
    // Replaced, not written into: the old entry may be a link to somewhere else.
    unlinkSync(to);
    copyFileSync(from, to, flags);
  }
  chmodSync(to, mode);
}
