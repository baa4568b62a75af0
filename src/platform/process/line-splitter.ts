import { toWholeCharacter } from "./plain-text.ts";

const LONGEST_LINE_BYTES = 64 * 1024;
const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;

/**
 * Cuts a stream of bytes into lines. Lines are found in the bytes and decoded one by one: a character that arrives in
 * two chunks stays whole, and a line that somebody keeps does not keep its chunk in memory.
 */
export class LineSplitter {
  readonly #onLine: (line: string) => void;
  #pending: Buffer[] = [];
  #pendingBytes = 0;

  constructor(onLine: (line: string) => void) {
    this.#onLine = onLine;
  }

  push(chunk: Buffer): void {
    let start = 0;
    for (let end = chunk.indexOf(LINE_FEED); end >= 0; end = chunk.indexOf(LINE_FEED, start)) {
      this.#line(chunk.subarray(start, end));
      start = end + 1;
    }
    if (start < chunk.length) this.#keep(chunk.subarray(start));
  }

  /** Gives the last line, where it has no end. */
  finish(): void {
    if (this.#pendingBytes > 0) this.#line(Buffer.alloc(0));
  }

  #line(end: Buffer): void {
    if (this.#pendingBytes === 0) {
      this.#emit(end);
      return;
    }
    this.#keep(end);
    const line = Buffer.concat(this.#pending);
    this.#pending = [];
    this.#pendingBytes = 0;
    this.#emit(line);
  }

  /** Copies, because a chunk is far larger than what is left of it. What is over the limit is dropped. */
  #keep(part: Buffer): void {
    const room = LONGEST_LINE_BYTES + 1 - this.#pendingBytes;
    if (room <= 0 || part.length === 0) return;
    const kept = Buffer.from(part.subarray(0, room));
    this.#pending.push(kept);
    this.#pendingBytes += kept.length;
    if (this.#pending.length > 256) this.#pending = [Buffer.concat(this.#pending)];
  }

  #emit(bytes: Buffer): void {
    if (bytes.length > LONGEST_LINE_BYTES) {
      this.#onLine(toWholeCharacter(bytes.subarray(0, LONGEST_LINE_BYTES)).toString("utf8"));
      return;
    }
    const end = bytes[bytes.length - 1] === CARRIAGE_RETURN ? bytes.length - 1 : bytes.length;
    this.#onLine(bytes.toString("utf8", 0, end));
  }
}
