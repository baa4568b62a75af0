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
