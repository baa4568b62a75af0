import { codePointWidth } from "./display-width.ts";

/** Longest text that is looked at when one line of it is to be shown. */
const MAX_LINE = 4096;
const PRINTABLE_ASCII = /^[\x20-\x7e]*$/;
// CSI and other two-byte escapes, and OSC, DCS, SOS, PM, APC strings with their terminator (or none).
const ESCAPES =
  /(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]?|(?:\x1b[\]PX^_]|[\x9d\x90\x98\x9e\x9f])[^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)?|\x1b[ -/]*[0-~]?/g;
const BLANKS = /[\t\n\v\f\r\x85\u2028\u2029\u00a0\u2000-\u200a\u202f\u205f]+/g;
// Controls, bidi overrides, zero-width and other invisible code points, emoji joiners, skin tones and keycaps:
// what is left takes the same number of columns in every terminal.
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Default_Ignorable_Code_Point}]|[\u{1f3fb}-\u{1f3ff}]|\u20e3/gu;
const STACKED_MARKS = /([\p{Mn}\p{Me}]{2})[\p{Mn}\p{Me}]+/gu;

/**
 * One line of text that is safe to write to a terminal: escape sequences, control characters and bidi controls
 * removed, line breaks and tabs turned into a space, lone surrogates replaced, at most 4096 characters.
 */
export function plainText(text: string): string {
  const bounded = text.length > MAX_LINE ? text.slice(0, MAX_LINE) : text;
  if (PRINTABLE_ASCII.test(bounded)) return bounded;
  return bounded
    .replace(/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g, "\ufffd")
    .replace(ESCAPES, "")
    .replace(BLANKS, " ")
    .replace(INVISIBLE, "")
    .normalize("NFC")
    .replace(STACKED_MARKS, "$1");
}

/** Columns that text from `plainText` takes in a terminal. */
export function displayWidth(text: string): number {
  if (PRINTABLE_ASCII.test(text)) return text.length;
  let width = 0;
  for (const character of text) width += codePointWidth(character.codePointAt(0) ?? 0);
  return width;
}

/** The text cut to at most `width` columns, with `…` as its last when something was cut. */
export function truncate(text: string, width: number): string {
  if (text.length <= width && PRINTABLE_ASCII.test(text)) return text;
  if (displayWidth(text) <= width) return text;
  if (width <= 0) return "";
  let used = 0;
  let end = 0;
  for (const character of text) {
    const next = used + codePointWidth(character.codePointAt(0) ?? 0);
    if (next > width - 1) break;
    used = next;
    end += character.length;
  }
  return `${text.slice(0, end)}…`;
}

/** The text in exactly `width` columns: cut when longer, blanks added on the side away from `align` when shorter. */
export function toWidth(text: string, width: number, align: "left" | "right" = "left"): string {
  const cut = truncate(text, width);
  const blanks = " ".repeat(Math.max(0, width - displayWidth(cut)));
  return align === "left" ? cut + blanks : blanks + cut;
}

/** The text broken at blanks into at most `maxLines` lines of `width` columns; what does not fit ends in `…`. */
export function wrapText(text: string, width: number, maxLines: number): readonly string[] {
  const lines: string[] = [];
  let line = "";
  const words = text.split(" ").filter((word) => word !== "");
  for (const [index, word] of words.entries()) {
    const longer = line === "" ? word : `${line} ${word}`;
    if (displayWidth(longer) <= width) {
      line = longer;
      continue;
    }
    if (lines.length === maxLines - 1) {
      line = [line, ...words.slice(index)].filter((part) => part !== "").join(" ");
      break;
    }
    if (line !== "") lines.push(line);
    line = word;
  }
  if (line !== "") lines.push(line);
  return lines.slice(0, maxLines).map((each) => truncate(each, width));
}
