import { CommandError } from "./error.ts";
import { readBrace } from "./placeholder.ts";

const BLANK = new Set([" ", "\t"]);
/** Characters that mean something to a shell wherever they stand unquoted. */
const OPERATOR = new Set(["|", "&", ";", "<", ">", "(", ")", "$", "`", "*", "?", "[", "\n", "\r"]);
/** The same, at the start of a word only. */
const AT_START = new Set(["~", "#"]);
const EXPANDS = /[A-Za-z0-9_{(@*#?!$-]/;
const ESCAPED_IN_DOUBLE = new Set(["$", "`", '"', "\\", "\n"]);

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
