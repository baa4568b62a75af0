import { basename, dirname, join } from "node:path";
import type { Files } from "../../kernel/effects.ts";
import type { FaultSwitch } from "./switch.ts";

/** `Files` whose writes are crossings; making a folder that is there or removing nothing changes nothing, and is none. */
export function faultyFiles(inner: Files, at: FaultSwitch): Files {
  const cross = (method: string, target: string, action: () => void, half?: () => void): void =>
    at.cross({ port: "files", method, target }, action, half);
  return {
    readText: (path) => at.alive(() => inner.readText(path)),
    readBytes: (path) => at.alive(() => inner.readBytes(path)),
    list: (path) => at.alive(() => inner.list(path)),
    stat: (path) => at.alive(() => inner.stat(path)),
    realPath: (path) => at.alive(() => inner.realPath(path)),
    readLink: (path) => at.alive(() => inner.readLink(path)),
    identity: (path) => at.alive(() => inner.identity(path)),
    hash: (path) => at.alive(() => inner.hash(path)),
    hashing: (path) => at.alive(() => inner.hashing(path)),
    makeDirectory: (path, mode) => {
      if (at.alive(() => inner.stat(path)) !== null) inner.makeDirectory(path, mode);
      else cross("makeDirectory", path, () => inner.makeDirectory(path, mode));
    },
    writeAtomic: (path, data, options) =>
      cross(
        "writeAtomic",
        path,
        () => inner.writeAtomic(path, data, options),
        () => inner.writeAtomic(temporaryOf(path), firstHalf(data)),
      ),
    createExclusive: (path, data) =>
      at.cross(
        { port: "files", method: "createExclusive", target: path },
        () => inner.createExclusive(path, data),
        () => inner.writeAtomic(temporaryOf(path), firstHalf(data)),
      ),
    append: (path, data) =>
      cross(
        "append",
        path,
        () => inner.append(path, data),
        () => inner.append(path, data.slice(0, data.length >> 1)),
      ),
    copyFile: (from, to, mode) =>
      cross(
        "copyFile",
        to,
        () => inner.copyFile(from, to, mode),
        () => inner.writeAtomic(to, firstHalf(inner.readBytes(from) ?? "")),
      ),
    symlink: (target, path) => cross("symlink", path, () => inner.symlink(target, path)),
    chmod: (path, mode) => cross("chmod", path, () => inner.chmod(path, mode)),
    setTimes: (path, mtimeMs) => cross("setTimes", path, () => inner.setTimes(path, mtimeMs)),
    rename: (from, to) => cross("rename", to, () => inner.rename(from, to)),
    remove: (path) => {
      if (at.alive(() => inner.stat(path)) !== null) cross("remove", path, () => inner.remove(path));
    },
    truncate: (path, size) => cross("truncate", path, () => inner.truncate(path, size)),
    flush: (paths) => {
      if (paths.length > 0) cross("flush", paths.join(" "), () => inner.flush(paths));
    },
  };
}

/** What a write cut short leaves: a temporary file that nobody renames any more. */
function temporaryOf(path: string): string {
  return join(dirname(path), `.${basename(path).slice(0, 60)}.0-0.tmp`);
}

function firstHalf(data: string | Uint8Array): Uint8Array {
  const bytes = typeof data === "string" ? new TextEncoder().encode(data) : data;
  return bytes.subarray(0, bytes.length >> 1);
}
