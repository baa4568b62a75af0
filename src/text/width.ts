import { eastAsianWidth } from "get-east-asian-width";
import { isPrintableAscii } from "./printable.ts";

const COMBINING = /^[\p{Mn}\p{Me}]$/u;

/** Columns of a code point: 2 for wide ones, 0 for combining marks, else 1. */
function codePointWidth(character: string): number {
  if (character < "\u0300") return 1;
  return COMBINING.test(character) ? 0 : eastAsianWidth(character.codePointAt(0) ?? 0);
}

/** Columns that text from `terminalLine` takes in a terminal. */
export function displayWidth(text: string): number {
  if (isPrintableAscii(text)) return text.length;
  let width = 0;
  for (const character of text) width += codePointWidth(character);
  return width;
}

/** The text cut to at most `width` columns, with `…` as its last when something was cut. */
export function truncate(text: string, width: number): string {
  if (text.length <= width && isPrintableAscii(text)) return text;
  if (displayWidth(text) <= width) return text;
  if (width <= 0) return "";
  let used = 0;
  let end = 0;
  for (const character of text) {
    const next = used + codePointWidth(character);
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
