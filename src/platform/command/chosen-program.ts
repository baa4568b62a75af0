import { CommandError } from "./error.ts";
import { type Interpreter, SHELL } from "./interpreters.ts";
import { literalStart, literalText, type Placeholder, type Word } from "./placeholder.ts";
import { WRAPPERS, type Wrapper } from "./wrappers.ts";

const ASSIGNMENT = /^([A-Za-z_][A-Za-z0-9_]*)\+?=/;
/** Variables by which a shell, the loader or an interpreter decides what code it runs. */
const DECIDES =
  /^(?:PATH|IFS|ENV|BASH_ENV|BASH_FUNC_.*|PROMPT_COMMAND|PS[0-4]|SHELL|SHELLOPTS|BASHOPTS|LD_.*|DYLD_.*|GCONV_PATH|NODE_OPTIONS|NODE_PATH|PYTHON(?:PATH|HOME|STARTUP|INSPECT|BREAKPOINT)|PERL5(?:LIB|OPT|DB)|PERLLIB|RUBY(?:OPT|LIB)|LUA_(?:PATH|CPATH|INIT)|CLASSPATH|_?JAVA_(?:TOOL_)?OPTIONS|JDK_JAVA_OPTIONS|EDITOR|VISUAL|PAGER|MANPAGER|LESSOPEN|LESSCLOSE|GIT_.*|MAKEFLAGS)$/;

/** The words that name a program: the first, and behind each wrapper the program that it starts. */
export type ProgramPlaces = readonly [number, ...number[]];

/**
 * Finds the program of a command behind its wrappers. Throws `CommandError` where a value that a model wrote would
 * choose it: as its word, as one too many or too few before it, or by a variable that programs are found with.
 */
export function findPrograms(words: readonly Word[]): ProgramPlaces {
  const places: [number, ...number[]] = [0];
  for (let at: number | null = 0; at !== null; ) {
    const name = programName(words[at]);
    const wrapper = name === null ? undefined : WRAPPERS.find((each) => each.name.test(name));
    at = wrapper === undefined || name === null ? null : wrappedProgram(wrapper, name, words, at);
    if (at !== null) places.push(at);
  }
  return places;
}

/** The name of the program that a word is, without its folder; `null` when a value is in it. */
export function programName(word: Word | undefined): string | null {
  const text = literalText(word ?? []);
  return text === null ? null : text.slice(text.lastIndexOf("/") + 1);
}

/**
 * Refuses a value as the script that an interpreter at `at` reads: `bash {x}`. A value that fills a part of the name only,
 * as in `python variants/{x}.py`, is a choice that the spec offers.
 */
export function refuseChosenScript(interpreter: Interpreter, words: readonly Word[], at: number): void {
  for (let i = at + 1; i < words.length; i++) {
    const word = words[i] ?? [];
    const start = literalStart(word);
    const isOption = start.length > 1 && /^[-+]/.test(start) && start !== "--";
    if (!isOption) {
      if (start === "--" && literalText(word) !== null) continue;
      if (start === "" || start === "--") refuseAsProgram(word, programName(words[at]) ?? "");
      return;
    }
    if (interpreter.code.test(start) || interpreter.programFile?.test(start)) return;
    // Behind `sh -s` all words are arguments of what comes on its input.
    if (interpreter === SHELL && /^-[A-Za-z]*s/.test(start)) return;
    if (literalText(word) !== null && interpreter.valued.test(start)) i += 1;
  }
}

/** Refuses an assignment of a value to a variable by which programs are found or told what to run. */
export function refuseDecidingAssignment(word: Word): void {
  const name = ASSIGNMENT.exec(literalStart(word))?.[1];
  if (name !== undefined) refuseDecidingValue(name, word);
}

/** The same for a variable and the word that is its value. */
export function refuseDecidingValue(name: string, word: Word): void {
  const value = parameterIn(word);
  if (value === null || !DECIDES.test(name)) return;
  throw new CommandError(
    `${value.source} would be the value of ${name}, by which programs are found or told what to run, so it could run ` +
      `anything; write ${name} out and hand ${value.source} to the program as an argument`,
  );
}

/** A value that the hypothesis gives. AURA's own values are no model's, except where they hold its parameters. */
export function parameterIn(word: Word): Placeholder | null {
  for (const part of word) if (part.kind === "value" && (!part.aura || part.name === "args")) return part;
  return null;
}

function wrappedProgram(wrapper: Wrapper, name: string, words: readonly Word[], at: number): number | null {
  let operands = wrapper.operands ?? 0;
  let { subcommand } = wrapper;
  let optionsOver = false;
  for (let i = at + 1; i < words.length; i++) {
    const word = words[i] ?? [];
    const start = literalStart(word);
    if (!optionsOver && start.startsWith("-")) {
      if (wrapper.startsNothing?.test(start)) return null;
      optionsOver = literalText(word) === "--";
      refuseOpenOption(wrapper, name, word);
      if (literalText(word) === null || !wrapper.valued.test(start)) continue;
      i += 1;
      refuseSeveral(words[i] ?? [], name, { optional: false });
    } else if (wrapper.assigns && ASSIGNMENT.test(start)) {
      refuseDecidingAssignment(word);
    } else if (subcommand !== undefined && parameterIn(word) === null) {
      if (!subcommand.test(literalText(word) ?? "")) return null;
      subcommand = undefined;
    } else if (operands > 0) {
      operands -= 1;
      refuseSeveral(word, name, { optional: true });
    } else {
      refuseAsProgram(word, name);
      return i;
    }
  }
  return null;
}

function refuseAsProgram(word: Word, name: string): void {
  const value = parameterIn(word);
  if (value === null) return;
  throw new CommandError(
    `${value.source} stands where ${name} takes the program it runs: its value would choose the program; ` +
      `write the program there and the value behind it, as in ${name} … ./train --x=${value.source}`,
  );
}

/** `nice -n{x}` and `--adjustment={x}` are values; `env -{x}` could be any option, also one that takes the next word. */
function refuseOpenOption(wrapper: Wrapper, name: string, word: Word): void {
  const value = parameterIn(word);
  const start = literalStart(word);
  if (value === null || (start.startsWith("--") && start.includes("=")) || wrapper.valued.test(start)) return;
  throw new CommandError(
    `${value.source} would choose an option of ${name}, and with it the program; write the option out: --name=${value.source}`,
  );
}

/** What may be no word or several would move the place of the program. */
function refuseSeveral(word: Word, name: string, refuse: { readonly optional: boolean }): void {
  const value = parameterIn(word);
  if (value === null || !(value.spread || (value.optional && refuse.optional))) return;
  throw new CommandError(
    `${value.source} stands before the program that ${name} runs and may be ${value.spread ? "several words" : "no word"}, ` +
      `so its value would choose the program; write {${value.name}} there`,
  );
}
