import { type JsonValue, parseJson } from "../model/json.ts";

/** Nesting beyond this is refused: nothing a model is asked for comes near it. */
export const MAX_DEPTH = 100;

/** Steps left for all attempts at one text together: what keeps hostile input linear. */
export interface Budget {
  steps: number;
}

export type Parsed =
  | { readonly ok: true; readonly value: JsonValue; readonly end: number; readonly repaired: boolean }
  | {
      readonly ok: false;
      readonly at: number;
      readonly reason: string;
      readonly truncated: boolean;
      readonly tooDeep: boolean;
    };

/** What may come next, as messages name it. In an `item` and a `key` the bracket may close as well. */
const DUE = { value: "a value", item: "a value", key: "a key", colon: '":"', next: '","' } as const;

const GAP = /(?:\s+|\/\/[^\n]*|#[^\n]*|\/\*[\s\S]*?(?:\*\/|$))*/y;
/** By its quote, what a string may end with, or what keeps it from ending. */
const QUOTES: ReadonlyMap<string, RegExp> = new Map([
  ['"', /["\\]/g],
  ["'", /['\\]/g],
  ["`", /[`\\]/g],
]);
/** In a string: an escape of JSON, one that it does not have, and what has to be escaped. */
const TO_ESCAPE = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})|\\([\n'`])|["\\\u0000-\u001f]/g;
const WORD = /[\w$.+-]+/y;
const NUMBER = /^[+-]?(?:\d[\d_]*(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?$/;

/**
 * Reads the JSON object or list that starts at `start`, and says where it ends. Read besides JSON proper: comments,
 * trailing commas, single and backquoted strings, raw newlines in strings, bare keys, Python's literals, `NaN` and
 * infinities (as `null`). `__proto__` keys are left out. Never throws.
 */
export function parseTolerant(text: string, start: number, budget: Budget): Parsed {
  /** What was read, as JSON proper, and the brackets that are to be closed. */
  const json: string[] = [];
  const open: ("}" | "]")[] = [];
  let due: keyof typeof DUE = "value";
  let at = start;
  const move = (length: number): void => {
    at += length;
    budget.steps -= length + 1;
  };
  const failed = (reason: string, { truncated = false, tooDeep = false } = {}): Parsed => {
    return { ok: false, at: truncated ? text.length : at, reason, truncated, tooDeep };
  };
  while (budget.steps >= 0) {
    move(matchAt(GAP, text, at)?.[0].length ?? 0);
    const first = text[at];
    const close = open.at(-1);
    const wanted = () => (due === "next" ? `${DUE.next} or "${close}"` : DUE[due]);
    if (first === undefined) return failed(`the text ends where ${wanted()} is due`, { truncated: true });
    if (first === close && (due === "item" || due === "key" || due === "next")) {
      if (json.at(-1) === ",") json.pop();
      json.push(first);
      open.pop();
      move(1);
      due = "next";
      if (open.length > 0) continue;
      const strict = parseJson(text.slice(start, at));
      const value = sanitizeJson(strict ?? parseJson(json.join("")));
      return { ok: true, value, end: at, repaired: strict === null };
    }
    if (first === (due === "next" ? "," : due === "colon" ? ":" : null)) {
      json.push(first);
      move(1);
      due = first === ":" ? "value" : close === "}" ? "key" : "item";
    } else if ((first === "{" || first === "[") && (due === "value" || due === "item")) {
      if (open.length > MAX_DEPTH) return failed(`nested deeper than ${MAX_DEPTH} levels`, { tooDeep: true });
      json.push(first);
      open.push(first === "{" ? "}" : "]");
      move(1);
      due = first === "{" ? "key" : "item";
    } else {
      const isScalar = due === "value" || due === "item" || due === "key";
      const isString = isScalar && QUOTES.has(first);
      const end = isString ? endOfString(text, at) : at + (matchAt(WORD, text, at)?.[0].length ?? 0);
      const source = text.slice(at, end ?? text.length);
      if (end === null) {
        budget.steps -= source.length;
        return failed("the text ends inside a string", { truncated: true });
      }
      const scalar = !isScalar
        ? null
        : isString
          ? stringJson(source)
          : due === "key"
            ? keyJson(source)
            : wordJson(source);
      if (scalar === null) {
        const isCut =
          isScalar && end === text.length && end > at && LITERALS.some((literal) => literal.startsWith(source));
        if (isCut) return failed("the text ends inside a value", { truncated: true });
        return failed(`expected ${wanted()}, found ${JSON.stringify(text.slice(at, at + 20))}`);
      }
      json.push(scalar);
      move(source.length);
      due = due === "key" ? "colon" : "next";
    }
  }
  return failed("too tangled to make out");
}

function matchAt(pattern: RegExp, text: string, at: number): RegExpExecArray | null {
  pattern.lastIndex = at;
  return pattern.exec(text);
}

/** Where the string that begins here is over; `null` when it is not. */
function endOfString(text: string, at: number): number | null {
  const stops = QUOTES.get(text[at] ?? "");
  for (let from = at + 1; stops !== undefined; from += 2) {
    const stop = matchAt(stops, text, from);
    if (stop === null) return null;
    if (stop[0] !== "\\") return stop.index + 1;
    from = stop.index;
  }
  return null;
}

function stringJson(source: string): string {
  const body = source.slice(1, -1).replace(TO_ESCAPE, (found: string, foreign?: string) => {
    if (foreign !== undefined) return foreign === "\n" ? "" : foreign;
    return found.length > 1 ? found : JSON.stringify(found).slice(1, -1);
  });
  return `"${body}"`;
}

function keyJson(word: string): string | null {
  return /^[A-Za-z_$]/.test(word) ? JSON.stringify(word) : null;
}

const LITERALS = ["true", "false", "null"];

function wordJson(word: string): string | null {
  if (NUMBER.test(word)) return JSON.stringify(Number(word.replaceAll("_", "")));
  if (/^(?:None|undefined|[+-]?(?:nan|inf|infinity))$/i.test(word)) return "null";
  return LITERALS.find((literal) => literal === word.toLowerCase()) ?? null;
}

/** A value as JSON data that is safe to keep: own keys without `__proto__`, finite numbers, bounded depth; `null` for the rest. */
export function sanitizeJson(value: unknown, depth = 0): JsonValue {
  if (typeof value === "string") return value.toWellFormed();
  if (typeof value === "boolean") return value;
  if (typeof value === "number") return Number.isFinite(value) ? value : null;
  if (typeof value !== "object" || value === null || depth > MAX_DEPTH) return null;
  if (Array.isArray(value)) return value.map((item) => sanitizeJson(item, depth + 1));
  const entries = Object.entries(value).filter(([key]) => key !== "__proto__");
  return Object.fromEntries(entries.map(([key, item]) => [key.toWellFormed(), sanitizeJson(item, depth + 1)]));
}
