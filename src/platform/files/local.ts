import {
  appendFileSync,
  type BigIntStats,
  chmodSync,
  closeSync,
  constants,
  copyFileSync,
  type Dirent,
  lstatSync,
  lutimesSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  renameSync,
  rmSync,
  type Stats,
  statfsSync,
  statSync,
  symlinkSync,
  unlinkSync,
} from "node:fs";
import { dirname, join } from "node:path";
import type { DirectoryEntry, EntryKind, FileStat, Files } from "../../kernel/effects.ts";
import { atOnce, type Steps } from "../../kernel/steps.ts";
import { createExclusive, flush, flushAll, temporaryNames, writeAtomic } from "./atomic.ts";
import { isAbsent, isMissing, stored, storedOrNull, storedSteps, systemCode } from "./errors.ts";
import { hashFile, hashSamples } from "./hash.ts";
import { readUntrusted } from "./untrusted.ts";

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
    readUntrusted,
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
    flush: (paths) => flushAll(paths, (path) => stored("flush", path, () => flush(path))),
    hash: (path) => atOnce(hashing(path)),
    hashing,
    hashSamples: (path, samples) => stored("hash", path, () => hashSamples(path, samples)),
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

/** What is at the path itself, a link as a link; `null` when there is nothing. */
export function statEntry(path: string): FileStat | null {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return null;
  const { size, mtimeMs, ctimeMs, ino, nlink } = stat;
  return { kind: kindOf(stat), size, mode: stat.mode & 0o7777, mtimeMs, ctimeMs, ino, nlink };
}

/** A directory's entries, sorted by name in code unit order. */
export function listEntries(path: string): readonly DirectoryEntry[] {
  return readdirSync(path, { withFileTypes: true })
    .map((entry) => ({ name: entry.name, kind: listedKind(path, entry) }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

function listedKind(directory: string, entry: Dirent): EntryKind {
  const kind = kindOf(entry);
  // Some file systems do not tell the kind when they list.
  return kind === "other" ? (statEntry(join(directory, entry.name))?.kind ?? "other") : kind;
}

function kindOf(entry: Stats | Dirent): EntryKind {
  if (entry.isFile()) return "file";
  if (entry.isDirectory()) return "directory";
  return entry.isSymbolicLink() ? "symlink" : "other";
}

/**
 * File systems that make up inode numbers while they need them, so that those of one folder change: FUSE, CIFS, SMB 2,
 * FAT and exFAT, by the numbers the kernel gives them.
 */
const UNSTABLE: ReadonlySet<number> = new Set([0x65735546, 0xff534d42, 0xfe534d42, 0x4d44, 0x2011bab0]);

/**
 * Device and inode of what a path leads to, as `<device>-<inode>`: a move within the file system keeps them, a copy has
 * others. `null` when there is nothing, or when the file system has no lasting numbers.
 */
export function identityOf(path: string): string | null {
  const stat: BigIntStats | undefined = statSync(path, { bigint: true, throwIfNoEntry: false });
  if (stat === undefined || UNSTABLE.has(statfsSync(path).type)) return null;
  return `${stat.dev}-${stat.ino}`;
}

/**
 * Removes whatever is at the path without following links. Directories without write permission (as a trial or a
 * package cache leaves them) are made writable first; a directory that is still being filled is tried again.
 */
export function removeTree(path: string): void {
  try {
    removeOnce(path);
  } catch (thrown) {
    if (isAbsent(thrown)) return;
    const code = systemCode(thrown);
    if (code !== "EACCES" && code !== "EPERM") throw thrown;
    makeWritable(path);
    removeOnce(path);
  }
}

function removeOnce(path: string): void {
  rmSync(path, { recursive: true, force: true, maxRetries: 3, retryDelay: 10 });
}

function makeWritable(path: string): void {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (!stat?.isDirectory()) return;
  chmodSync(path, (stat.mode & 0o7777) | 0o700);
  for (const entry of readdirSync(path, { withFileTypes: true })) {
    if (entry.isDirectory()) makeWritable(join(path, entry.name));
  }
}
