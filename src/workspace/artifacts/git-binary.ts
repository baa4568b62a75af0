import { createHash } from "node:crypto";
import { deflateSync } from "node:zlib";

/** A side of a change, or that there is no file. */
export type Side = Uint8Array | null;

const DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%&()*+-;<=>?@^_`{|}~";
const BYTES_A_LINE = 52;
const NO_BLOB = "0".repeat(40);

/** The lines that tell git of changed bytes, both ways, after the `diff --git` line and the modes. */
export function binaryLines(before: Side, after: Side, mode: string): readonly string[] {
  return [
    `index ${blobName(before)}..${blobName(after)}${before !== null && after !== null ? ` ${mode}` : ""}`,
    "GIT binary patch",
    ...literal(after ?? new Uint8Array()),
    "",
    ...literal(before ?? new Uint8Array()),
    "",
  ];
}

/** Git takes a binary patch only when it knows by name what it is about. */
function blobName(content: Side): string {
  if (content === null) return NO_BLOB;
  return createHash("sha1").update(`blob ${content.length}\0`).update(content).digest("hex");
}

function literal(content: Uint8Array): readonly string[] {
  const packed = deflateSync(content);
  const lines: string[] = [`literal ${content.length}`];
  for (let at = 0; at < packed.length; at += BYTES_A_LINE) {
    const bytes = packed.subarray(at, at + BYTES_A_LINE);
    lines.push(`${lengthLetter(bytes.length)}${base85(bytes)}`);
  }
  return lines;
}

/** `A` to `Z` for 1 to 26, `a` to `z` for 27 to 52. */
function lengthLetter(length: number): string {
  return String.fromCharCode(length <= 26 ? 64 + length : 96 + length - 26);
}

/** Five digits for each four bytes, the last ones filled up with zeros. */
function base85(bytes: Uint8Array): string {
  const padded = Buffer.alloc(Math.ceil(bytes.length / 4) * 4);
  padded.set(bytes);
  let text = "";
  for (let at = 0; at < padded.length; at += 4) {
    let value = padded.readUInt32BE(at);
    let digits = "";
    for (let digit = 0; digit < 5; digit++) {
      digits = `${DIGITS.charAt(value % 85)}${digits}`;
      value = Math.floor(value / 85);
    }
    text += digits;
  }
  return text;
}
