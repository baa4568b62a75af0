import { shown } from "../../text/printable.ts";
import { CommandError } from "./error.ts";

/** A `{name}` in a command: where its value comes from and what becomes of its word. */
export interface Placeholder {
  readonly kind: "value";
  /** As written, with braces. */
  readonly source: string;
  /** Parameter, or AURA's own name without `aura.`; dotted names reach into objects. */
  readonly name: string;
  /** One of AURA's own values rather than a parameter of the hypothesis. */
  readonly aura: boolean;
  /** `{xs...}`: one word an element. */
  readonly spread: boolean;
  /** `{x?}`: its word goes when there is no value. */
  readonly optional: boolean;
}

export interface Text {
  readonly kind: "text";
  readonly text: string;
}

/** One word of a command: literal text and placeholders, in order. */
export type Word = readonly (Text | Placeholder)[];

const NAME = /^[\p{L}\p{N}_][\p{L}\p{N}_.-]*$/u;
const NEVER = new Set(["__proto__", "constructor", "prototype"]);
const AURA = "aura.";
/** Characters quoted of what is no placeholder: a shell's own braces may hold half a script. */
const SHOWN = 30;

/** Reads the placeholders of one word; `{{` and `}}` are literal braces. Throws `CommandError`. */
export function parseWord(source: string): Word {
  const parts: (Text | Placeholder)[] = [];
  let text = "";
  let at = 0;
  while (at < source.length) {
    const char = source.charAt(at);
    if (char !== "{" && char !== "}") {
      text += char;
      at += 1;
      continue;
    }
    const brace = readBrace(source, at);
    at = brace.end;
    if (brace.part.kind === "text") {
      text += brace.part.text;
    } else {
      if (text !== "") parts.push({ kind: "text", text });
      text = "";
      parts.push(brace.part);
    }
  }
  if (text !== "" || parts.length === 0) parts.push({ kind: "text", text });
  for (const part of parts) {
    if (part.kind === "value" && part.spread && parts.length > 1) throw spreadInsideWord(part);
  }
  return parts;
}

/** What the brace at `at` begins: a literal brace or a placeholder, and where it ends. Throws `CommandError`. */
export function readBrace(source: string, at: number): { readonly part: Text | Placeholder; readonly end: number } {
  const char = source.charAt(at);
  if (source.charAt(at + 1) === char) return { part: { kind: "text", text: char }, end: at + 2 };
  const close = char === "{" ? source.indexOf("}", at) : -1;
  if (close === -1) {
    throw new CommandError(`a single "${char}" in ${excerpt(source, at)}; a literal one is written "${char}${char}"`);
  }
  return { part: placeholder(source.slice(at, close + 1)), end: close + 1 };
}

/** The text of a word without placeholders, else `null`. */
export function literalText(word: Word): string | null {
  const [only] = word;
  return word.length === 1 && only?.kind === "text" ? only.text : null;
}

/** The literal text a word begins with, empty when it begins with a placeholder. */
export function literalStart(word: Word): string {
  const [first] = word;
  return first?.kind === "text" ? first.text : "";
}

export function firstPlaceholder(word: Word): Placeholder | null {
  for (const part of word) if (part.kind === "value") return part;
  return null;
}

export function spreadInsideWord(part: Placeholder): CommandError {
  return new CommandError(`${part.source} gives one word an element, so it has to be a word of its own`);
}

function placeholder(source: string): Placeholder {
  const inner = source.slice(1, -1);
  const optional = inner.endsWith("?");
  const unmarked = optional ? inner.slice(0, -1) : inner;
  const spread = unmarked.endsWith("...");
  const full = spread ? unmarked.slice(0, -3) : unmarked;
  const segments = full.split(".");
  if (!NAME.test(full) || segments.includes("")) {
    throw new CommandError(
      `${shown(source, SHOWN)} is not a placeholder (a name of letters, digits, "_", "-" and ".", as in {lr}); ` +
        'literal braces are written "{{" and "}}"',
    );
  }
  const forbidden = segments.find((segment) => NEVER.has(segment));
  if (forbidden !== undefined) throw new CommandError(`${source}: "${forbidden}" cannot be the name of a parameter`);
  const aura = full.startsWith(AURA);
  if (full === "aura.args" && !spread) throw new CommandError(`${source} is many words: write {aura.args...}`);
  return { kind: "value", source, name: aura ? full.slice(AURA.length) : full, aura, spread, optional };
}

function excerpt(source: string, at: number): string {
  const from = Math.max(0, at - 20);
  return JSON.stringify(`${from > 0 ? "…" : ""}${source.slice(from, at + 20)}${at + 20 < source.length ? "…" : ""}`);
}
