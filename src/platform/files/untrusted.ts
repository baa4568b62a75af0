import { closeSync, constants, fstatSync, openSync, readSync, type Stats } from "node:fs";
import type { UntrustedFile } from "../../kernel/effects.ts";
import { isMissing, systemCode } from "./errors.ts";

const { O_RDONLY, O_DIRECTORY, O_NOFOLLOW, O_NONBLOCK } = constants;
/** Where a folder that is open has a path that nobody can turn into another's. */
const DESCRIPTORS = "/proc/self/fd";

/**
 * Reads a file that a trial may have left, by its path below a folder of AURA's. Each part of the path is opened from the
 * one before it and none may be a link, so that nothing outside the folder can be meant, whatever is changed meanwhile.
 */
export function readUntrusted(folder: string, path: string, mostBytes: number): UntrustedFile {
  const parts = path.split("/").filter((part) => part !== "" && part !== ".");
  const name = parts.pop();
  if (name === undefined || name === ".." || parts.includes(".."))
    return { ok: false, reason: "leads out of its folder" };
  const open: number[] = [];
  try {
    open.push(openSync(folder, O_RDONLY | O_DIRECTORY));
    for (const part of parts)
      open.push(openSync(`${DESCRIPTORS}/${open.at(-1)}/${part}`, O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
    // A named pipe would be waited for, a device acts when it is opened for more than this.
    const file = openSync(`${DESCRIPTORS}/${open.at(-1)}/${name}`, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    open.push(file);
    const refused = refusal(fstatSync(file), mostBytes);
    return refused === null ? { ok: true, bytes: contents(file, mostBytes) } : { ok: false, reason: refused };
  } catch (thrown) {
    return { ok: false, reason: obstacle(thrown) };
  } finally {
    for (const fd of open) closeSync(fd);
  }
}

function refusal(stat: Stats, mostBytes: number): string | null {
  if (!stat.isFile()) return "is no regular file";
  // It may be a file of somebody else's that the trial could not read, but link.
  if (stat.nlink > 1) return "is a hard link to a file that has another name, too";
  return stat.size > mostBytes ? `has ${stat.size} bytes, and may have ${mostBytes}` : null;
}

function obstacle(thrown: unknown): string {
  if (isMissing(thrown)) return "is not there";
  const code = systemCode(thrown);
  if (code === null) throw thrown;
  if (code === "ELOOP" || code === "ENOTDIR") return "is a link, or leads through one or through a file";
  return `cannot be read: ${code}`;
}

/** No more than was looked at, should it grow. */
function contents(file: number, mostBytes: number): Uint8Array {
  const bytes = Buffer.alloc(Math.min(mostBytes, fstatSync(file).size));
  let length = 0;
  while (length < bytes.length) {
    const count = readSync(file, bytes, length, bytes.length - length, null);
    if (count === 0) break;
    length += count;
  }
  return bytes.subarray(0, length);
}
