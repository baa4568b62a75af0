import { promptText } from "../../text/printable.ts";

/**
 * Bytes a process wrote, as text that is safe to show: broken UTF-8 replaced, escape sequences and control characters
 * removed, every kind of line end a line feed.
 */
export function plainText(bytes: Uint8Array): string {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("utf8");
  return promptText(text.replaceAll(/\r\n?/g, "\n"));
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

/** Leaves out the bytes at the end that are the beginning of a character that was cut. */
export function toWholeCharacter(bytes: Buffer): Buffer {
  for (let back = 1; back <= Math.min(3, bytes.length); back++) {
    const byte = bytes[bytes.length - back] ?? 0;
    if ((byte & 0xc0) === 0x80) continue;
    const length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1;
    return length > back ? bytes.subarray(0, bytes.length - back) : bytes;
  }
  return bytes;
}
