/** Durations, sizes and counts as users write them. The patterns in `schema/dialect.ts` have already been checked. */

/** By what a number is multiplied that has a unit, or none. */
const UNITS = {
  duration: { like: "90s, 30m, 2h", bare: 1000, factors: { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } },
  size: { like: "512M, 2G", bare: 1, factors: { k: 1024, m: 1024 ** 2, g: 1024 ** 3, t: 1024 ** 4 } },
  count: { like: "200k, 2M", bare: 1, factors: { k: 1000, m: 1_000_000 } },
} as const;

/** Milliseconds of `90s`, `30m`, `2h`, `250ms`, or of a bare number of seconds. Throws `RangeError` on anything else. */
export function parseDuration(value: number | string): number {
  return parsed(value, "duration");
}

/** Bytes of `512M`, `2G` (binary units), or of a bare number. Throws `RangeError` on anything else. */
export function parseSize(value: number | string): number {
  return Math.floor(parsed(typeof value === "number" ? value : value.replace(/i?b\s*$/i, ""), "size"));
}

/** The number meant by `200k` or `2M`, or a bare number. Throws `RangeError` on anything else. */
export function parseCount(value: number | string): number {
  return Math.round(parsed(value, "count"));
}

function parsed(value: number | string, what: keyof typeof UNITS): number {
  const { like, bare, factors } = UNITS[what];
  if (typeof value === "number") return value * bare;
  const [, amount, unit = ""] = /^\s*([0-9]+(?:\.[0-9]+)?)\s*([a-z]*)\s*$/i.exec(value) ?? [];
  const factor = unit === "" ? bare : new Map(Object.entries(factors)).get(unit.toLowerCase());
  if (amount === undefined || factor === undefined) throw new RangeError(`not a ${what}: ${value} (like ${like})`);
  return Number(amount) * factor;
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
