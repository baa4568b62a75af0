import { clip } from "../../text/printable.ts";

/** Lines that are shown, characters of each, and pairs of lines that are compared at most. */
const SHOWN = { lines: 12, characters: 200 } as const;
const MAX_PAIRS = 400_000;

/**
 * The consecutive lines of a file that are most like the wanted ones, each with its number, as far as they are worth
 * showing; `null` when none has a word in common. The first of several that are as like.
 */
export function nearestLines(wanted: readonly string[], lines: readonly string[]): string | null {
  const sought = wanted.slice(0, Math.max(1, Math.floor(MAX_PAIRS / Math.max(1, lines.length)))).map(wordsOf);
  const known = lines.slice(0, MAX_PAIRS).map(wordsOf);
  let best = 0;
  let from = 0;
  for (let at = 0; at < known.length; at++) {
    let likeness = 0;
    for (const [offset, words] of sought.entries()) likeness += likenessOf(words, known[at + offset]);
    if (likeness > best) [best, from] = [likeness, at];
  }
  if (best === 0) return null;
  const shown = lines.slice(from, from + Math.min(SHOWN.lines, wanted.length));
  return shown.map((line, offset) => `${from + offset + 1}| ${clip(line, SHOWN.characters)}`).join("\n");
}

/** Names, numbers and signs of a line: what white space is between them makes no difference. */
function wordsOf(line: string): ReadonlySet<string> {
  return new Set(line.slice(0, 1000).match(/[\p{L}\p{N}_]+|[^\s\p{L}\p{N}_]/gu));
}

function likenessOf(a: ReadonlySet<string>, b: ReadonlySet<string> | undefined): number {
  if (!b || a.size === 0 || b.size === 0) return 0;
  let common = 0;
  for (const word of a) if (b.has(word)) common += 1;
  return (2 * common) / (a.size + b.size);
}
