import type { JsonValue } from "../model/json.ts";

/** Nesting beyond this is refused: nothing a model is asked for comes near it, and the stack stays shallow. */
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

/** Thrown within the reader alone. Not an `Error`: hostile text makes many of them, and stacks are what costs. */
class Unparsable {
  readonly at: number;
  readonly reason: string;
  readonly truncated: boolean;
  readonly tooDeep: boolean;

  constructor(at: number, reason: string, truncated = false, tooDeep = false) {
    this.at = at;
    this.reason = reason;
    this.truncated = truncated;
    this.tooDeep = tooDeep;
  }
}

/**
 * Reads one JSON value that starts at `start`, and says where it ends. Read besides JSON proper: comments, trailing
 * commas, single and backquoted strings, raw newlines in strings, bare keys, Python's literals, `NaN` and infinities
 * (as `null`). `__proto__` keys are left out. Never throws.
 */
export function parseTolerant(text: string, start: number, budget: Budget): Parsed {
  const reader = new Reader(text, start, budget);
  try {
    const value = reader.value(0);
    return { ok: true, value, end: reader.position, repaired: reader.repaired };
  } catch (thrown) {
    if (!(thrown instanceof Unparsable)) throw thrown;
    return { ok: false, at: thrown.at, reason: thrown.reason, truncated: thrown.truncated, tooDeep: thrown.tooDeep };
  }
}

const SPACE = /[\s\uFEFF]*/y;
const NUMBER = /[+-]?(?:\d[\d_]*(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?/y;
const STRICT_NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;
const WORD = /[A-Za-z_$][\w$.-]*/y;
const NON_FINITE = /[+-]?(?:NaN|nan|Infinity|inf)\b/y;
const PLAIN: Readonly<Record<string, RegExp>> = { '"': /[^"\\]*/y, "'": /[^'\\]*/y, "`": /[^`\\]*/y };
const ESCAPES: Readonly<Record<string, string>> = { b: "\b", f: "\f", n: "\n", r: "\r", t: "\t", "\n": "" };
const LITERALS = new Map<string, JsonValue>([
  ["true", true],
  ["false", false],
  ["null", null],
]);
const FOREIGN_LITERALS = new Map<string, JsonValue>([
  ["True", true],
  ["False", false],
  ["None", null],
  ["undefined", null],
]);

class Reader {
  position: number;
  repaired = false;
  readonly #text: string;
  readonly #budget: Budget;

  constructor(text: string, start: number, budget: Budget) {
    this.#text = text;
    this.position = start;
    this.#budget = budget;
  }

  value(depth: number): JsonValue {
    if (depth > MAX_DEPTH) throw new Unparsable(this.position, `nested deeper than ${MAX_DEPTH} levels`, false, true);
    this.#blank();
    const first = this.#peek();
    if (first === "{") return this.#object(depth);
    if (first === "[") return this.#array(depth);
    if (first in PLAIN) return this.#string(first);
    return this.#scalar();
  }

  #object(depth: number): JsonValue {
    const entries: [string, JsonValue][] = [];
    this.#take(1);
    for (;;) {
      this.#blank();
      if (this.#peek() === "}") break;
      const key = this.#key();
      this.#blank();
      if (this.#peek() !== ":") throw this.#unexpected('":"');
      this.#take(1);
      const value = this.value(depth + 1);
      if (key !== "__proto__") entries.push([key, value]);
      if (!this.#comma("}")) break;
    }
    this.#take(1);
    return Object.fromEntries(entries);
  }

  #array(depth: number): JsonValue {
    const items: JsonValue[] = [];
    this.#take(1);
    for (;;) {
      this.#blank();
      if (this.#peek() === "]") break;
      items.push(this.value(depth + 1));
      if (!this.#comma("]")) break;
    }
    this.#take(1);
    return items;
  }

  /** Past a comma: `true`. At the closing bracket: `false`. A comma before the bracket is forgiven. */
  #comma(close: string): boolean {
    this.#blank();
    if (this.#peek() === close) return false;
    if (this.#peek() !== ",") throw this.#unexpected(`"," or "${close}"`);
    this.#take(1);
    this.#blank();
    if (this.#peek() === close) this.repaired = true;
    return true;
  }

  #key(): string {
    const first = this.#peek();
    if (first in PLAIN) return this.#string(first);
    const word = this.#match(WORD);
    if (word === "") throw this.#unexpected("a key");
    this.repaired = true;
    return word;
  }

  #string(quote: string): string {
    const plain = PLAIN[quote];
    if (!plain) throw this.#unexpected("a string");
    if (quote !== '"') this.repaired = true;
    const parts: string[] = [];
    this.#take(1);
    for (;;) {
      const run = this.#match(plain);
      if (/[\u0000-\u001f]/.test(run)) this.repaired = true;
      parts.push(run);
      if (this.position >= this.#text.length) throw this.#end("inside a string");
      if (this.#peek() === quote) break;
      parts.push(this.#escape());
    }
    this.#take(1);
    return parts.join("").toWellFormed();
  }

  #escape(): string {
    const letter = this.#text[this.position + 1];
    if (letter === undefined) throw this.#end("inside a string");
    if (letter === "u") {
      const hex = this.#text.slice(this.position + 2, this.position + 6);
      if (/^[0-9a-fA-F]{4}$/.test(hex)) {
        this.#take(6);
        return String.fromCharCode(Number.parseInt(hex, 16));
      }
    }
    this.#take(2);
    if (letter === '"' || letter === "\\" || letter === "/") return letter;
    const known = ESCAPES[letter];
    if (known !== undefined && letter !== "\n") return known;
    this.repaired = true;
    if (known !== undefined || letter === "'" || letter === "`") return known ?? letter;
    return `\\${letter}`;
  }

  #scalar(): JsonValue {
    if (this.#match(NON_FINITE) !== "") {
      this.repaired = true;
      return null;
    }
    const number = this.#match(NUMBER);
    if (number !== "") return this.#number(number);
    const at = this.position;
    const word = this.#match(WORD);
    const literal = LITERALS.get(word);
    if (literal !== undefined) return literal;
    const foreign = FOREIGN_LITERALS.get(word);
    if (foreign !== undefined) {
      this.repaired = true;
      return foreign;
    }
    const isPrefix =
      word !== "" && this.position >= this.#text.length && [...LITERALS.keys()].some((l) => l.startsWith(word));
    this.position = at;
    throw isPrefix ? this.#end("inside a value") : this.#unexpected("a value");
  }

  #number(source: string): JsonValue {
    if (!STRICT_NUMBER.test(source)) this.repaired = true;
    const value = Number(source.replaceAll("_", ""));
    if (Number.isFinite(value)) return value;
    this.repaired = true;
    return null;
  }

  #blank(): void {
    for (;;) {
      this.#match(SPACE);
      const first = this.#peek();
      if (first !== "/" && first !== "#") return;
      const two = this.#text.slice(this.position, this.position + 2);
      if (first === "/" && two !== "//" && two !== "/*") return;
      this.repaired = true;
      const close = two === "/*" ? "*/" : "\n";
      const found = this.#text.indexOf(close, this.position + 1);
      const end = found < 0 ? this.#text.length : found + close.length;
      this.#take(end - this.position);
    }
  }

  #peek(): string {
    return this.#text[this.position] ?? "";
  }

  #match(pattern: RegExp): string {
    pattern.lastIndex = this.position;
    const found = pattern.exec(this.#text)?.[0] ?? "";
    this.#take(found.length);
    return found;
  }

  #take(length: number): void {
    this.position += length;
    this.#budget.steps -= length + 1;
    if (this.#budget.steps < 0) throw new Unparsable(this.position, "too tangled to make out");
  }

  #unexpected(expected: string): Unparsable {
    if (this.position >= this.#text.length) return this.#end(`where ${expected} is due`);
    const found = JSON.stringify(this.#text.slice(this.position, this.position + 20));
    return new Unparsable(this.position, `expected ${expected}, found ${found}`);
  }

  #end(where: string): Unparsable {
    return new Unparsable(this.#text.length, `the text ends ${where}`, true);
  }
}
