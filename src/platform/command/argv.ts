import { CommandError } from "./error.ts";
import { firstPlaceholder, literalStart, literalText, type Placeholder, parseWord, type Word } from "./placeholder.ts";
import { refuseProgramText } from "./program-text.ts";
import { splitWords } from "./split.ts";
import {
  type Argument,
  allArguments,
  argumentOf,
  type CommandValues,
  checkLength,
  fullName,
  resolveValue,
  spreadOf,
} from "./value.ts";

/** Room the system leaves for all arguments together, with the environment kept in mind. */
const LONGEST_COMMAND = 1024 * 1024;
const NUMBER = /^-(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?$/;

/** A command as it is started: a program and its arguments, no shell in between unless `file` is one. */
export interface RenderedCommand {
  readonly file: string;
  readonly args: readonly string[];
}

/** A command whose placeholders have been checked once and are filled for each hypothesis. */
export interface CommandTemplate {
  /** Names it uses, each once, in the order they come; AURA's own with their `aura.`. */
  readonly placeholders: readonly string[];
  /** Throws `CommandError` that names the parameter when a value is missing or cannot be an argument. */
  render(values: CommandValues): RenderedCommand;
}

/** Compiles a command that no shell touches: every word stays one word, whatever is filled in. Throws `CommandError`. */
export function compileArgv(command: string | readonly string[]): CommandTemplate {
  const sources = typeof command === "string" ? splitWords(command) : command;
  if (sources.some((source) => source.includes("\0"))) throw new CommandError("the command holds a NUL character");
  const words = sources.map(parseWord);
  checkProgram(words[0]);
  refuseProgramText(words);
  return { placeholders: namesIn(words), render: (values) => renderArgv(words, values) };
}

/** Names that these words use, each once, in the order they come. */
export function namesIn(words: readonly Word[]): readonly string[] {
  const names = words.flatMap((word) => word.flatMap((part) => (part.kind === "value" ? [fullName(part)] : [])));
  return [...new Set(names)];
}

/** A word with its values filled in; `null` when an optional one is absent. */
export function fillWord(word: Word, values: CommandValues): FilledWord | null {
  const parts: Argument[] = [];
  let text = "";
  for (const part of word) {
    if (part.kind === "text") {
      text += part.text;
      continue;
    }
    const value = resolveValue(part, values);
    if (value === undefined) return null;
    const argument = argumentOf(fullName(part), value);
    parts.push(argument);
    text += argument.text;
  }
  return { text, parts };
}

export interface FilledWord {
  readonly text: string;
  readonly parts: readonly Argument[];
}

/** The arguments of a word that is a `{xs...}`; `null` when it is optional and absent. */
export function spreadWord(part: Placeholder, values: CommandValues): readonly Argument[] | null {
  if (part.aura && part.name === "args") return allArguments(values.spec);
  const value = resolveValue(part, values);
  return value === undefined ? null : spreadOf(part, value);
}

/** The `{xs...}` that a word is, if it is one. */
export function spreadIn(word: Word): Placeholder | null {
  const [only] = word;
  return only?.kind === "value" && only.spread ? only : null;
}

/** Refuses a value that would make its whole word an option, behind nothing the author wrote. */
export function refuseOption(filled: FilledWord, list: Placeholder | null = null): void {
  const [first] = filled.parts;
  if (!first || !filled.text.startsWith("-") || NUMBER.test(filled.text)) return;
  if (filled.parts.every((part) => part.numeric)) return;
  const instead = list
    ? `put -- before ${list.source}, or write --name={${fullName(list)}} for all of it as JSON`
    : `write --name={${first.parameter}}, or put -- before it`;
  throw new CommandError(`parameter "${first.parameter}" begins with "-" and would be read as an option; ${instead}`);
}

/** Whether a word is an option that an absent `{x?}` behind it takes along. */
export function isOptionWord(word: Word | undefined): boolean {
  const text = word ? literalText(word) : null;
  return text !== null && text.length > 1 && text.startsWith("-") && text !== "--" && !text.includes("=");
}

/** Refuses a command that is too long as a whole. */
export function checkTotal(args: readonly { readonly text: string; readonly parameters: readonly string[] }[]): void {
  let total = 0;
  for (const { text, parameters } of args) {
    checkLength(text, parameters);
    total += Buffer.byteLength(text) + 1;
  }
  if (total > LONGEST_COMMAND) {
    throw new CommandError(
      `the command is ${total} bytes long with its values, and may be ${LONGEST_COMMAND}; ` +
        "read long values from the file {aura.params_file} instead",
    );
  }
}

function renderArgv(words: readonly Word[], values: CommandValues): RenderedCommand {
  const out: { text: string; parameters: readonly string[] }[] = [];
  let operandsOnly = false;
  for (const [index, word] of words.entries()) {
    const spread = spreadIn(word);
    const many = spread ? spreadWord(spread, values) : null;
    const one = spread ? null : fillWord(word, values);
    if (many) {
      const ownOptions = spread?.aura && spread.name === "args";
      for (const argument of many) {
        if (!operandsOnly && !ownOptions) refuseOption({ text: argument.text, parts: [argument] }, spread);
        out.push({ text: argument.text, parameters: [argument.parameter] });
      }
    } else if (one) {
      if (!operandsOnly && literalStart(word) === "") refuseOption(one);
      out.push({ text: one.text, parameters: one.parts.map((part) => part.parameter) });
    } else if (!literalStart(word).startsWith("-") && index > 1 && isOptionWord(words[index - 1])) {
      out.pop();
    }
    operandsOnly ||= index > 0 && literalText(word) === "--";
  }
  checkTotal(out);
  const [file, ...args] = out.map((argument) => argument.text);
  return { file: file ?? "", args };
}

function checkProgram(word: Word | undefined): void {
  if (!word) throw new CommandError("the command is empty");
  const value = firstPlaceholder(word);
  if (value)
    throw new CommandError(`the command begins with ${value.source}: the program itself cannot be a parameter`);
  const text = literalText(word) ?? "";
  if (text === "") throw new CommandError("the command begins with an empty word where the program should be");
  if (/^[A-Za-z_][A-Za-z0-9_]*=/.test(text)) {
    throw new CommandError(`the command begins with the assignment ${JSON.stringify(text)}: use \`env:\` for it`);
  }
}
