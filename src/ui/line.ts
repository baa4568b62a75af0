import { displayWidth, truncate } from "../text/width.ts";

/** How a piece of text is drawn; the sixteen colours of the terminal only, so that the user's own palette holds. */
export type Tone = "plain" | "strong" | "dim" | "accent" | "good" | "bad" | "warn" | "brand" | "bar" | "key" | "number";
export type Span = readonly [tone: Tone, text: string];
export type Line = readonly Span[];

const SGR: Readonly<Record<Tone, string>> = {
  plain: "",
  strong: "1",
  dim: "2",
  accent: "36",
  good: "32",
  bad: "31",
  warn: "33",
  brand: "1;36",
  bar: "34",
  key: "1;33",
  number: "1;32",
};

/** The columns a line takes. */
export function lineWidth(line: Line): number {
  return line.reduce((sum, [, text]) => sum + displayWidth(text), 0);
}

/** The line cut to `width` columns, `…` where it was cut, and filled with blanks to exactly that. */
export function fitLine(line: Line, width: number): Line {
  const fitted: Span[] = [];
  let left = width;
  for (const [tone, text] of line) {
    const size = displayWidth(text);
    if (size > left) {
      if (left > 0) fitted.push([tone, truncate(text, left)]);
      left -= Math.min(left, displayWidth(truncate(text, left)));
      break;
    }
    fitted.push([tone, text]);
    left -= size;
  }
  if (left > 0) fitted.push(["plain", " ".repeat(left)]);
  return fitted;
}

/** `left` and `right` on one line of `width` columns; the left one gives way, and the right one when nothing is left. */
export function spread(left: Line, right: Line, width: number): Line {
  const rightWidth = lineWidth(right);
  if (rightWidth + 2 > width) return fitLine(left, width);
  return [...fitLine(left, width - rightWidth), ...right];
}

/** The line as text for the terminal, with colours or without a single escape. */
export function paint(line: Line, color: boolean): string {
  return line
    .map(([tone, text]) => (color && SGR[tone] !== "" && text !== "" ? `\x1b[${SGR[tone]}m${text}\x1b[0m` : text))
    .join("");
}
