import type { JsonValue } from "../model/json.ts";
import { clip } from "../text/printable.ts";

export type PlainJson =
  | { readonly ok: true; readonly value: JsonValue }
  | { readonly ok: false; readonly reason: string };

const DEEPEST = 100;
/** Characters of a place too deep that are told: enough to find it, and not a hundred times round a cycle. */
const LONGEST_DEEP_PLACE = 40;
const MOST_VALUES = 1_000_000;

/**
 * A value as JSON can hold it, with one addition: numbers that JSON has not (NaN and the infinities) become the texts
 * `"NaN"`, `"Infinity"` and `"-Infinity"`, so that whoever reads them can say so. Properties that are `undefined` are
 * left out. What is no data (functions, dates, maps, cycles) is refused with the place where it is.
 */
export function plainJson(value: unknown): PlainJson {
  const walk = { left: MOST_VALUES };
  try {
    return { ok: true, value: plain(value, "", 0, walk) };
  } catch (error) {
    if (error instanceof NotPlain) return { ok: false, reason: error.message };
    throw error;
  }
}

class NotPlain extends Error {}

function plain(value: unknown, path: string, depth: number, walk: { left: number }): JsonValue {
  walk.left -= 1;
  if (walk.left < 0) throw new NotPlain(`it has more than ${MOST_VALUES} values`);
  if (depth > DEEPEST)
    throw new NotPlain(`${place(path, LONGEST_DEEP_PLACE)} is nested more than ${DEEPEST} levels deep, or in itself`);
  if (value === null || typeof value === "string" || typeof value === "boolean") return value;
  // JSON has no -0: what is kept must be what is read back.
  if (typeof value === "number") return Number.isFinite(value) ? (value === 0 ? 0 : value) : String(value);
  if (Array.isArray(value)) return value.map((element: unknown, i) => plain(element, `${path}[${i}]`, depth + 1, walk));
  if (typeof value !== "object") throw new NotPlain(`${place(path)} is a ${typeof value}`);
  const prototype: unknown = Object.getPrototypeOf(value);
  // Another realm's plain objects have another `Object.prototype`, which has no prototype of its own.
  const isPlain = prototype === null || Object.getPrototypeOf(prototype) === null;
  if (!isPlain)
    throw new NotPlain(`${place(path)} is a ${value.constructor?.name ?? "class instance"}, not plain data`);
  const entries: [string, JsonValue][] = [];
  for (const [key, inner] of Object.entries(value)) {
    if (inner !== undefined) entries.push([key, plain(inner, path === "" ? key : `${path}.${key}`, depth + 1, walk)]);
  }
  return Object.fromEntries(entries);
}

function place(path: string, longest = 200): string {
  if (path === "") return "it";
  return clip(path, longest);
}
