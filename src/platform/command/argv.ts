import type { DeclaredParameters } from "../../model/hypothesis.ts";
import { defined } from "../../model/json.ts";
import {
  type Argument,
  allArguments,
  argumentOf,
  type CommandValues,
  checkLength,
  fullName,
  isAuthored,
  isDeclared,
  resolveValue,
  spreadOf,
} from "./values.ts";
import { variableName } from "./variables.ts";
import {
  CommandError,
  literalStart,
  literalText,
  type Placeholder,
  parseWord,
  placeholdersIn,
  splitWords,
  type Word,
} from "./words.ts";

/** Room the system leaves for all arguments together, with the environment kept in mind. */
const LONGEST_COMMAND = 1024 * 1024;
const NUMBER = /^-(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?$/;
/** Options behind which most programs take the text of a program. */
const PROGRAM_TEXT = /^(?:-c|-e|--eval)$/;

/** A command as it is started: a program and its arguments, no shell in between unless `file` is one. */
export interface RenderedCommand {
  readonly file: string;
  readonly args: readonly string[];
}

/** A value that a command uses. */
export interface Use {
  /** The parameter, AURA's own name with its `aura.`, or in a shell's text the variable. */
  readonly name: string;
  /** As written at its first place. */
  readonly written: string;
  /** It may be absent at every place. */
  readonly optional: boolean;
  /** Where it begins a word of its own, so that a leading `-` makes an option of it: how to write it so that it does not. */
  readonly joined?: string;
  /** There, the option like `--rate` before it. */
  readonly behind?: string;
}

/** A command that has been checked once and is filled for each hypothesis. */
export interface CommandTemplate {
  /** What it uses, each name once, in the order they come. */
  readonly uses: readonly Use[];
  /** Throws `CommandError` when a value that a model writes freely would be program text. */
  check(declared: DeclaredParameters): void;
  /** Throws `CommandError` that names the parameter when a value is missing or cannot be an argument. */
  render(values: CommandValues): RenderedCommand;
}

/** Compiles a command that no shell touches: every word stays one word, whatever is filled in. Throws `CommandError`. */
export function compileArgv(command: string | readonly string[]): CommandTemplate {
  const sources = typeof command === "string" ? splitWords(command) : command;
  if (sources.some((source) => source.includes("\0"))) throw new CommandError("the command holds a NUL character");
  const words = sources.map(parseWord);
  checkProgram(words[0]);
  const programText = words.flatMap((word, index) =>
    isProgramText(literalStart(word), literalText(words[index - 1] ?? [])) ? placeholdersIn(word) : [],
  );
  return {
    uses: usesIn(words),
    check: (declared) => {
      for (const part of programText) if (!isDeclared(part, declared)) throw runsAnything(part);
    },
    render: (values) => {
      for (const part of programText) {
        const value = resolveValue(part, values);
        if (value !== undefined && !isAuthored(part, value, values.declared)) throw runsAnything(part);
      }
      return renderArgv(words, values);
    },
  };
}

/** What these words use, each name once, in the order they come. */
export function usesIn(words: readonly Word[]): readonly Use[] {
  const uses = new Map<string, Use>();
  const operands = words.findIndex((word, index) => index > 0 && literalText(word) === "--");
  for (const [index, word] of words.entries()) {
    for (const part of placeholdersIn(word)) {
      const name = fullName(part);
      const before = uses.get(name);
      const leads = index > 0 && part === word[0] && (operands === -1 || index < operands);
      const option = longOption(words[index - 1]);
      const joined = before?.joined ?? (leads ? `${option ?? `--${part.name}`}=${part.source}` : undefined);
      const behind = before?.behind ?? (leads ? option : undefined);
      uses.set(name, {
        name,
        written: before?.written ?? part.source,
        optional: part.optional && (before?.optional ?? true),
        ...defined({ joined, behind }),
      });
    }
  }
  return [...uses.values()];
}

/** The word as an option like `--rate`, of which the next word may be the value. */
function longOption(word: Word | undefined): string | undefined {
  const text = isOptionWord(word) && word ? literalText(word) : null;
  return text?.startsWith("--") ? text : undefined;
}

/** Whether a value is program text in a word that starts like this, behind that word: behind `-c`, or together with it. */
export function isProgramText(start: string, before: string | null = null): boolean {
  return PROGRAM_TEXT.test(start) || start.startsWith("--eval=") || PROGRAM_TEXT.test(before ?? "");
}

function runsAnything(part: Placeholder): CommandError {
  const instead = part.aura
    ? "the file {aura.params_file}"
    : `its argument, with ${part.source} as a word behind it, or from "$${variableName(part.name)}"`;
  return new CommandError(
    `${part.source} would become part of a program's text, and a model may write anything there; let the program read it from ` +
      `${instead}, or say in the researcher's \`space\` what it can be`,
    { written: part.source },
  );
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
    const argument = argumentOf(fullName(part), value, isAuthored(part, value, values.declared));
    parts.push(argument);
    text += argument.text;
  }
  return { text, parts };
}

interface FilledWord {
  readonly text: string;
  readonly parts: readonly Argument[];
}

/** The words that a `{xs...}` gives; `null` when it is optional and absent. */
function spreadWord(part: Placeholder, values: CommandValues): readonly FilledWord[] | null {
  const value = part.aura && part.name === "args" ? null : resolveValue(part, values);
  if (value === undefined) return null;
  const each =
    value === null ? allArguments(values.spec) : spreadOf(part, value, isAuthored(part, value, values.declared));
  return each.map((argument) => ({ text: argument.text, parts: [argument] }));
}

/** The `{xs...}` that a word is, if it is one. */
function spreadIn(word: Word): Placeholder | null {
  const [only] = word;
  return only?.kind === "value" && only.spread ? only : null;
}

/** Refuses a value that a model wrote and that would make its whole word an option. */
function refuseOption(filled: FilledWord, list: Placeholder | null): void {
  const first = filled.parts.find((part) => part.text !== "");
  if (!first || !filled.text.startsWith("-") || NUMBER.test(filled.text)) return;
  if (filled.parts.every((part) => part.numeric) || (first.authored && !first.numeric)) return;
  const instead = list
    ? `put -- before ${list.source}, or write --name={${fullName(list)}} for all of it as JSON`
    : `write --name={${first.parameter}}, or put -- before it`;
  throw new CommandError(`parameter "${first.parameter}" begins with "-" and would be read as an option; ${instead}`);
}

/** Whether a word is an option that an absent `{x?}` behind it takes along. */
function isOptionWord(word: Word | undefined): boolean {
  const text = word ? literalText(word) : null;
  return text !== null && text.length > 1 && text.startsWith("-") && text !== "--" && !text.includes("=");
}

function renderArgv(words: readonly Word[], values: CommandValues): RenderedCommand {
  const out: FilledWord[] = [];
  let operandsOnly = false;
  for (const [index, word] of words.entries()) {
    const spread = spreadIn(word);
    const one = spread ? null : fillWord(word, values);
    const filled = spread ? spreadWord(spread, values) : one && [one];
    if (filled) {
      if (!operandsOnly && literalStart(word) === "") for (const each of filled) refuseOption(each, spread);
      out.push(...filled);
    } else if (!literalStart(word).startsWith("-") && index > 1 && isOptionWord(words[index - 1])) {
      out.pop();
    }
    operandsOnly ||= index > 0 && literalText(word) === "--";
  }
  checkTotal(out);
  const [file = "", ...args] = out.map(({ text }) => text);
  return { file, args };
}

/** Refuses a command that is too long as a whole. */
function checkTotal(words: readonly FilledWord[]): void {
  let total = 0;
  for (const { text, parts } of words) {
    checkLength(
      text,
      parts.map(({ parameter }) => parameter),
    );
    total += Buffer.byteLength(text) + 1;
  }
  if (total <= LONGEST_COMMAND) return;
  throw new CommandError(
    `the command is ${total} bytes long with its values, and may be ${LONGEST_COMMAND}; ` +
      "read long values from the file {aura.params_file} instead",
  );
}

function checkProgram(word: Word | undefined): void {
  if (!word) throw new CommandError("the command is empty");
  const [value] = placeholdersIn(word);
  if (value)
    throw new CommandError(`the command begins with ${value.source}: the program itself cannot be a parameter`);
  const text = literalText(word) ?? "";
  if (text === "") throw new CommandError("the command begins with an empty word where the program should be");
  if (/^[A-Za-z_][A-Za-z0-9_]*=/.test(text)) {
    throw new CommandError(`the command begins with the assignment ${JSON.stringify(text)}: use \`env:\` for it`);
  }
}
