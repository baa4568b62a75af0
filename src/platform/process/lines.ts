import { promptText, readableLine } from "../../text/printable.ts";

/** Longest line that is given whole; of a longer one this much, without the rest. */
export const LONGEST_LINE_BYTES = 1024 * 1024;
/** A slice of a string up to this long is a copy in V8; a longer one would keep the whole chunk in memory. */
const SHORT_LINE_BYTES = 12;
const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
/** A carriage return is not ASCII text to the quick way through short lines. */
const NOT_PLAIN = 0x80;
/** What a line is cleared with, blanks or an escape sequence, is no longer than this. */
const LONGEST_BLANK_BYTES = 512;

/**
 * Cuts a stream of bytes into lines. A line that was drawn over and over, as progress bars do, is what was drawn last,
 * however long it is. Lines are found in the bytes and decoded one by one: a character that arrives in
 * two chunks stays whole, and a line that somebody keeps does not keep its chunk in memory. Short lines, of which there
 * may be millions, cost a slice of the chunk's text.
 */
export class LineSplitter {
  readonly #onLine: (line: string) => void;
  #pending: Buffer[] = [];
  #pendingBytes = 0;
  /** What is pending has a carriage return in it. */
  #redrawn = false;

  constructor(onLine: (line: string) => void) {
    this.#onLine = onLine;
  }

  push(chunk: Buffer): void {
    let start = 0;
    if (this.#pendingBytes > 0) {
      const end = chunk.indexOf(LINE_FEED);
      if (end < 0) {
        this.#keep(chunk);
        return;
      }
      this.#line(chunk.subarray(0, end));
      start = end + 1;
    }
    const rest = this.#wholeLines(chunk, start);
    if (rest < chunk.length) this.#keep(chunk.subarray(rest));
  }

  /** Gives the lines that begin and end in the chunk; where the rest begins. */
  #wholeLines(chunk: Buffer, from: number): number {
    let text: string | null = null;
    let start = from;
    while (start < chunk.length) {
      const limit = Math.min(start + SHORT_LINE_BYTES, chunk.length - 1);
      let end = start;
      let bits = 0;
      for (let byte = chunk[end] ?? LINE_FEED; byte !== LINE_FEED && end < limit; byte = chunk[end] ?? LINE_FEED) {
        bits |= byte === CARRIAGE_RETURN ? NOT_PLAIN : byte;
        end += 1;
      }
      if (chunk[end] !== LINE_FEED) {
        end = chunk.indexOf(LINE_FEED, end);
        if (end < 0) break;
        this.#emit(chunk.subarray(start, end));
      } else if (bits >= NOT_PLAIN) {
        this.#emit(chunk.subarray(start, end));
      } else {
        text ??= chunk.toString("latin1");
        this.#onLine(text.slice(start, end));
      }
      start = end + 1;
    }
    return start;
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
    this.#redrawn = false;
    this.#emit(line);
  }

  /** Copies, because a chunk is far larger than what is left of it. What is over the limit is dropped. */
  #keep(part: Buffer): void {
    if (this.#redrawn || part.includes(CARRIAGE_RETURN)) {
      const kept = Buffer.from(redrawn(Buffer.concat([...this.#pending, part])));
      this.#pending = [kept];
      this.#pendingBytes = kept.length;
      this.#redrawn = kept.includes(CARRIAGE_RETURN);
      return;
    }
    const room = LONGEST_LINE_BYTES + 1 - this.#pendingBytes;
    if (room <= 0 || part.length === 0) return;
    const kept = Buffer.from(part.subarray(0, room));
    this.#pending.push(kept);
    this.#pendingBytes += kept.length;
    if (this.#pending.length > 256) this.#pending = [Buffer.concat(this.#pending)];
  }

  #emit(line: Buffer): void {
    const bytes = lastDrawn(line);
    this.#onLine(bytes.length > LONGEST_LINE_BYTES ? longestOf(bytes) : bytes.toString("utf8"));
  }
}

/** As much of a line as is given, without a character that is cut at its end: a stream would go on with that. */
function longestOf(line: Buffer): string {
  return new TextDecoder("utf-8", { ignoreBOM: true }).decode(line.subarray(0, LONGEST_LINE_BYTES), { stream: true });
}

/** Of a line, the last that was drawn and is seen; the carriage return of a line's end draws nothing. */
function lastDrawn(line: Buffer): Buffer {
  for (let end = line.length; end > 0; ) {
    const start = line.lastIndexOf(CARRIAGE_RETURN, end - 1) + 1;
    const text = line.subarray(start, end);
    if (start === 0 || isSeen(text)) return text;
    end = start - 1;
  }
  return line.subarray(0, 0);
}

/** The beginning of a line without what has been drawn over: the last text, and what may be about to clear it. */
function redrawn(line: Buffer): Buffer {
  const at = line.lastIndexOf(CARRIAGE_RETURN);
  const tail = line.subarray(at + 1);
  if (isSeen(tail)) return tail.subarray(0, LONGEST_LINE_BYTES + 1);
  return Buffer.concat([lastDrawn(line.subarray(0, at)).subarray(0, LONGEST_LINE_BYTES + 1), line.subarray(at)]);
}

function isSeen(text: Buffer): boolean {
  return text.length > LONGEST_BLANK_BYTES || readableLine(text.toString("utf8")).trim() !== "";
}

/**
 * Bytes a process wrote, as text that is safe to show: broken UTF-8 replaced, escape sequences and control characters
 * removed, of a line that was redrawn the last text.
 */
export function plainText(bytes: Uint8Array): string {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("utf8");
  return promptText(text.split("\n").map(readableLine).join("\n"));
}

/** The last `limit` bytes of a stream as plain text, itself no longer than that: replaced bytes take more room. */
export function plainTail(bytes: Buffer, limit: number): string {
  if (bytes.length === 0) return "";
  const whole = bytes.length < limit ? bytes : fromWholeCharacter(bytes.subarray(bytes.length - limit));
  const text = Buffer.from(plainText(whole));
  return text.length <= limit ? text.toString() : fromWholeCharacter(text.subarray(text.length - limit)).toString();
}

/** Leaves out the bytes at the start that are the rest of a character that was cut. */
function fromWholeCharacter(bytes: Buffer): Buffer {
  let start = 0;
  while (start < Math.min(3, bytes.length) && ((bytes[start] ?? 0) & 0xc0) === 0x80) start += 1;
  return bytes.subarray(start);
}
