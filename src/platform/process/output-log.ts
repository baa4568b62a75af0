import { closeSync, constants, mkdirSync, openSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import { isMissing, stored } from "../files/errors.ts";

const HEAD_BYTES = 8 * 1024 * 1024;
const TAIL_BYTES = 1024 * 1024;
/** A log of more has lost its middle. */
export const KEPT_BYTES = HEAD_BYTES + TAIL_BYTES;

/** A link planted where the log goes must not turn it into a write to somewhere else. */
const CREATE = constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC | constants.O_NOFOLLOW;

/**
 * Log of one output stream: the first 8 MiB (configuration) and the last 1 MiB (the traceback), with a line between
 * them that says how much is missing. The file and its folder are made with the first byte. Throws `StorageError`.
 */
export class OutputLog {
  readonly #path: string;
  readonly #tail = new ByteRing(TAIL_BYTES);
  #fd: number | null = null;
  #headBytes = 0;
  #tailTotal = 0;

  constructor(path: string) {
    this.#path = path;
  }

  write(chunk: Uint8Array): void {
    const room = HEAD_BYTES - this.#headBytes;
    if (room > 0) this.#append(chunk.subarray(0, room));
    if (chunk.length <= room) return;
    const rest = room > 0 ? chunk.subarray(room) : chunk;
    this.#tail.push(rest);
    this.#tailTotal += rest.length;
  }

  /** Writes what is still held and closes the file. */
  finish(): void {
    const fd = this.#fd;
    if (fd === null) return;
    const missing = this.#tailTotal - this.#tail.length;
    if (missing > 0) this.#append(Buffer.from(`\n... ${missing} bytes left out ...\n`));
    for (const part of this.#tail.parts()) this.#append(part);
    this.#fd = null;
    stored("close", this.#path, () => closeSync(fd));
  }

  /** Closes the file as it is, after a failure that is already known. */
  abandon(): void {
    const fd = this.#fd;
    this.#fd = null;
    if (fd === null) return;
    try {
      closeSync(fd);
    } catch {
      // The descriptor is gone all the same.
    }
  }

  #append(bytes: Uint8Array): void {
    stored("write", this.#path, () => {
      this.#fd ??= create(this.#path);
      for (let done = 0; done < bytes.length; ) done += writeSync(this.#fd, bytes, done);
    });
    this.#headBytes += bytes.length;
  }
}

function create(path: string): number {
  try {
    return openSync(path, CREATE, 0o644);
  } catch (thrown) {
    if (!isMissing(thrown)) throw thrown;
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    return openSync(path, CREATE, 0o644);
  }
}

/** The last bytes of a stream. Memory is taken with the first byte and grows no further than the capacity. */
export class ByteRing {
  readonly #capacity: number;
  #bytes: Buffer | null = null;
  #end = 0;
  #total = 0;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** Bytes held now. */
  get length(): number {
    return Math.min(this.#total, this.#capacity);
  }

  push(chunk: Uint8Array): void {
    this.#bytes ??= Buffer.allocUnsafeSlow(this.#capacity);
    this.#total += chunk.length;
    const kept = chunk.length > this.#capacity ? chunk.subarray(chunk.length - this.#capacity) : chunk;
    const room = this.#capacity - this.#end;
    this.#bytes.set(kept.subarray(0, room), this.#end);
    if (kept.length > room) this.#bytes.set(kept.subarray(room), 0);
    this.#end = (this.#end + kept.length) % this.#capacity;
  }

  /** What is held, oldest first, in at most two parts that are valid until the next `push`. */
  parts(): readonly Buffer[] {
    if (this.#bytes === null) return [];
    const newest = this.#bytes.subarray(0, this.#end);
    return this.#total < this.#capacity ? [newest] : [this.#bytes.subarray(this.#end), newest];
  }

  /** A copy of what is held, oldest first. */
  read(): Buffer {
    return Buffer.concat(this.parts());
  }
}
