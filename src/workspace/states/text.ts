/** The text of UTF-8 bytes, a byte order mark included; `null` for what is binary: not UTF-8, or with a NUL in it. */
export function decodeText(bytes: Uint8Array): string | null {
  if (bytes.includes(0)) return null;
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return null;
  }
}

export function encodeText(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** Lines with their ends: only the last may lack its `\n`. Empty text has none. */
export function splitLines(text: string): string[] {
  const lines = text.split("\n").map((line) => `${line}\n`);
  const last = lines.pop()?.slice(0, -1);
  if (last) lines.push(last);
  return lines;
}

/** How a line ends; `\n` where it has no end, or is none. */
export function endOf(line: string | undefined): "\r\n" | "\n" {
  return line?.endsWith("\r\n") ? "\r\n" : "\n";
}

/** Lines that end in `\n` only: what is compared, since nobody who proposes an edit sees the other kind. */
export function unixText(text: string): string {
  return text.replaceAll("\r\n", "\n");
}

/** A file's new text, its lines ending as those of the text before, where these all end alike. */
export function endingLike(text: string, before: string): string {
  const ends = new Set(before.match(/\r?\n/g));
  if (ends.size !== 1) return text;
  return ends.has("\n") ? unixText(text) : text.replace(/\r?\n/g, "\r\n");
}
