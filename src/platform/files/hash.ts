import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";
import type { Samples } from "../../kernel/effects.ts";
import { PIECE_BYTES, type Steps } from "../../kernel/steps.ts";

const CHUNK_BYTES = 256 * 1024;

/** SHA-256 of a text (as UTF-8) or of bytes, in hex. */
export function sha256Of(data: string | Uint8Array): string {
  return newHash().update(data).digest("hex");
}

function newHash() {
  // Loaded when it is needed: most of what only reads a workspace hashes nothing.
  return process.getBuiltinModule("node:crypto").createHash("sha256");
}

/**
 * SHA-256 of so many bytes at so many places of a file, from its beginning to its end, in hex: of all of a file that has
 * no more. `null` when the path leads to something that is no regular file.
 */
export function hashSamples(path: string, { places, bytes }: Samples): string | null {
  const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const stat = fstatSync(fd);
    if (!stat.isFile()) return null;
    const hash = newHash();
    const chunk = Buffer.allocUnsafe(bytes);
    const last = Math.max(0, stat.size - bytes);
    const step = Math.max(bytes, Math.ceil(last / (places - 1)));
    for (let place = 0; place < places; place++) {
      const from = Math.min(place * step, last);
      hash.update(chunk.subarray(0, readSync(fd, chunk, 0, bytes, from)));
      if (from === last) break;
    }
    return hash.digest("hex");
  } finally {
    closeSync(fd);
  }
}

/** SHA-256 of a file in hex, read in chunks, with pauses; `null` when the path leads to something that is no regular file. */
export function* hashFile(path: string): Steps<string | null> {
  // Without O_NONBLOCK a named pipe would hold AURA up until somebody writes to it.
  const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const stat = fstatSync(fd);
    if (!stat.isFile()) return null;
    const hash = newHash();
    const chunk = Buffer.allocUnsafe(Math.min(CHUNK_BYTES, Math.max(1, stat.size)));
    for (let read = 0; ; ) {
      const bytes = readSync(fd, chunk);
      if (bytes === 0) return hash.digest("hex");
      hash.update(chunk.subarray(0, bytes));
      read += bytes;
      if (read < PIECE_BYTES) continue;
      read = 0;
      yield;
    }
  } finally {
    closeSync(fd);
  }
}
