import { AuraError, EXIT } from "../../kernel/errors.ts";
import { nearest } from "../../text/nearest.ts";
import { shown } from "../../text/printable.ts";

/** A command that cannot be used as it is written, or a value that cannot be put into it. The message says what to do. */
export class CommandError extends AuraError {
  /** The part of the command that it is about, as written. */
  readonly written: string | undefined;
  /** What was most likely meant there. */
  readonly meant: string | undefined;

  constructor(message: string, about: { readonly written?: string; readonly meant?: string | undefined } = {}) {
    super("COMMAND_INVALID", EXIT.usage, message);
    this.written = about.written;
    this.meant = about.meant;
  }
}

/** What AURA itself fills in, as `{aura.<name>}`; `args` is every parameter, and `{aura.args...}` in a command. */
export const AURA_NAMES = [
  "id",
  "trial_id",
  "trial_dir",
  "trial_index",
  "seed",
  "slot",
  "workspace",
  "root",
  "inputs",
  "params_file",
  "args",
] as const;

export type AuraName = Exclude<(typeof AURA_NAMES)[number], "args">;

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

interface Text {
  readonly kind: "text";
  readonly text: string;
}

/** One word of a command: literal text and placeholders, in order. */
export type Word = readonly (Text | Placeholder)[];

const BLANK = new Set([" ", "\t"]);
/** Characters that mean something to a shell wherever they stand unquoted. */
const OPERATOR = new Set(["|", "&", ";", "<", ">", "(", ")", "$", "`", "*", "?", "[", "\n", "\r"]);
/** The same, at the start of a word only. */
const AT_START = new Set(["~", "#"]);
const EXPANDS = /[A-Za-z0-9_{(@*#?!$-]/;
const ESCAPED_IN_DOUBLE = new Set(["$", "`", '"', "\\", "\n"]);
const NAME = /^[\p{L}\p{N}_][\p{L}\p{N}_.-]*$/u;
const NEVER = new Set(["__proto__", "constructor", "prototype"]);
const AURA = "aura.";
/** Characters quoted of what is no placeholder. */
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
function readBrace(source: string, at: number): { readonly part: Text | Placeholder; readonly end: number } {
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

export function placeholdersIn(word: Word): readonly Placeholder[] {
  return word.flatMap((part) => (part.kind === "value" ? [part] : []));
}

function spreadInsideWord(part: Placeholder): CommandError {
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
  if (aura) checkAuraName(full, source);
  if (full === "aura.args" && !spread) throw new CommandError(`${source} is many words: write {aura.args...}`);
  return { kind: "value", source, name: aura ? full.slice(AURA.length) : full, aura, spread, optional };
}

function checkAuraName(full: string, source: string): void {
  const known = AURA_NAMES.map((name) => `${AURA}${name}`);
  if (known.includes(full)) return;
  const meant = nearest(full, known) ?? undefined;
  throw new CommandError(`AURA has no ${source}; it has ${AURA_NAMES.join(", ")}`, { written: source, meant });
}

function excerpt(source: string, at: number): string {
  const from = Math.max(0, at - 20);
  return JSON.stringify(`${from > 0 ? "…" : ""}${source.slice(from, at + 20)}${at + 20 < source.length ? "…" : ""}`);
}

/**
 * The words of a command written as one string, by the quoting rules of POSIX shells and nothing else of a shell:
 * what would need one is a `CommandError` that says so. Braces stay as written.
 */
export function splitWords(command: string): readonly string[] {
  const source = command.trim();
  const words: string[] = [];
  let word: string | null = null;
  let at = 0;
  while (at < source.length) {
    const char = source.charAt(at);
    if (BLANK.has(char)) {
      if (word !== null) words.push(word);
      word = null;
      at += 1;
      continue;
    }
    if (char === "\\" && source.charAt(at + 1) === "\n") {
      at += 2;
      continue;
    }
    const read = readPiece(source, at, word === null);
    word = (word ?? "") + read.text;
    at = read.end;
  }
  if (word !== null) words.push(word);
  return words;
}

interface Piece {
  readonly text: string;
  readonly end: number;
}

function readPiece(source: string, at: number, startsWord: boolean): Piece {
  const char = source.charAt(at);
  if (char === "'") return readSingle(source, at);
  if (char === '"') return readDouble(source, at);
  if (char === "{" || char === "}") {
    const { end } = readBrace(source, at);
    return { text: source.slice(at, end), end };
  }
  if (char === "\\") {
    if (at + 1 >= source.length) throw new CommandError("the command ends in a backslash");
    return { text: source.charAt(at + 1), end: at + 2 };
  }
  if (OPERATOR.has(char) || (startsWord && AT_START.has(char))) throw needsShell(char);
  return { text: char, end: at + 1 };
}

function readSingle(source: string, at: number): Piece {
  const close = source.indexOf("'", at + 1);
  if (close === -1) throw unclosed("'");
  return { text: source.slice(at + 1, close), end: close + 1 };
}

function readDouble(source: string, at: number): Piece {
  let text = "";
  let i = at + 1;
  while (i < source.length) {
    const char = source.charAt(i);
    const next = source.charAt(i + 1);
    if (char === '"') return { text, end: i + 1 };
    if (char === "\\" && ESCAPED_IN_DOUBLE.has(next)) {
      text += next === "\n" ? "" : next;
      i += 2;
      continue;
    }
    if (char === "`" || (char === "$" && EXPANDS.test(next))) throw needsShell(char);
    text += char;
    i += 1;
  }
  throw unclosed('"');
}

function needsShell(char: string): CommandError {
  const what = char === "\n" || char === "\r" ? "a line break" : `"${char}"`;
  return new CommandError(
    `the command has ${what}, which only a shell understands, and no shell runs it: quote it to mean the character ` +
      "itself, or add `shell: true`",
  );
}

function unclosed(quote: string): CommandError {
  return new CommandError(`the command has a ${quote} that is never closed`);
}
