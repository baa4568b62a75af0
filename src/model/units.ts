/** Durations, sizes and counts as users write them. The patterns in `schema/dialect.ts` have already been checked. */

const DURATION_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const SIZE_POWER: Readonly<Record<string, number>> = { k: 1, m: 2, g: 3, t: 4 };
const COUNT_FACTOR: Readonly<Record<string, number>> = { k: 1000, m: 1_000_000 };

/** Milliseconds of `90s`, `30m`, `2h`, `250ms`, or of a bare number of seconds. Throws `RangeError` on anything else. */
export function parseDuration(value: number | string): number {
  const [amount, unit] = split(value, "duration");
  const factor = DURATION_MS[unit || "s"];
  if (factor === undefined) throw new RangeError(`not a duration: ${String(value)} (like 90s, 30m, 2h)`);
  return amount * factor;
}

/** Bytes of `512M`, `2G` (binary units), or of a bare number. Throws `RangeError` on anything else. */
export function parseSize(value: number | string): number {
  const [amount, unit] = split(value, "size");
  const letter = unit.replace(/i?b$/, "");
  const power = letter === "" ? 0 : SIZE_POWER[letter];
  if (power === undefined) throw new RangeError(`not a size: ${String(value)} (like 512M, 2G)`);
  return Math.floor(amount * 1024 ** power);
}

/** The number meant by `200k` or `2M`, or a bare number. Throws `RangeError` on anything else. */
export function parseCount(value: number | string): number {
  const [amount, unit] = split(value, "count");
  const factor = unit === "" ? 1 : COUNT_FACTOR[unit];
  if (factor === undefined) throw new RangeError(`not a count: ${String(value)} (like 200k, 2M)`);
  return Math.round(amount * factor);
}

const EXAMPLES = { duration: "5s, 30m, 2h", size: "512M, 2G", count: "200k, 2M" } as const;

function split(value: number | string, what: keyof typeof EXAMPLES): readonly [number, string] {
  if (typeof value === "number") return [value, ""];
  const match = /^\s*([0-9]+(?:\.[0-9]+)?)\s*([a-z]*)\s*$/i.exec(value);
  if (match?.[1] === undefined) throw new RangeError(`not a ${what}: ${value} (like ${EXAMPLES[what]})`);
  return [Number(match[1]), (match[2] ?? "").toLowerCase()];
}

/** Characters a token of English or code has on average: the estimate behind every token budget of a prompt. */
export const CHARACTERS_PER_TOKEN = 4;

/** Bytes that a token has at least, nearly always, in any script; and tokens that a chat's form adds to a message. */
const FEWEST_BYTES_PER_TOKEN = 3;
const FORM_TOKENS = 32;

/** Tokens that a message has at most, nearly always. */
export function mostTokensIn(text: string): number {
  return Math.ceil(Buffer.byteLength(text) / FEWEST_BYTES_PER_TOKEN) + FORM_TOKENS;
}
