import { promptLine } from "../../text/printable.ts";

const MAX_LINES = 8;
const MAX_WIDTH = 160;

/** Where two prompts differ, as a few `-` and `+` lines: what is left between their common beginning and end. */
export function promptDiff(before: string, after: string): string {
  const old = before.split("\n");
  const now = after.split("\n");
  const limit = Math.min(old.length, now.length);
  let start = 0;
  while (start < limit && old[start] === now[start]) start++;
  let end = 0;
  while (end < limit - start && old[old.length - 1 - end] === now[now.length - 1 - end]) end++;
  const lines = [
    `line ${start + 1}:`,
    ...some("-", old.slice(start, old.length - end)),
    ...some("+", now.slice(start, now.length - end)),
  ];
  return lines.join("\n");
}

function some(sign: string, lines: readonly string[]): readonly string[] {
  const shown = lines.slice(0, MAX_LINES).map((line) => `${sign} ${promptLine(line, MAX_WIDTH)}`);
  return lines.length > MAX_LINES ? [...shown, `${sign} … (${lines.length - MAX_LINES} more lines)`] : shown;
}
