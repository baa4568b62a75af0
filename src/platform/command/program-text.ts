import {
  findPrograms,
  parameterIn,
  programName,
  refuseChosenScript,
  refuseDecidingAssignment,
} from "./chosen-program.ts";
import { CommandError } from "./error.ts";
import { INTERPRETERS, type Interpreter, SHELL } from "./interpreters.ts";
import { firstPlaceholder, literalStart, literalText, type Placeholder, type Word } from "./placeholder.ts";
import { TEXT_RUNNERS } from "./text-runners.ts";

/** Builtins of a shell that run their arguments as program text, or compute with them. */
const BUILTINS = new Set(["eval", "trap", "alias", "let", "[["]);
/** Builtins that run the file that is their first word. */
const SOURCES = new Set([".", "source"]);

/** Builtins that set variables named by their words. */
const DECLARES = new Set(["export", "declare", "typeset", "local", "readonly"]);

/**
 * Refuses a command in which a value would become part of a program's text, or choose the program: whatever the value
 * is, a shell or another interpreter would run it. Throws `CommandError` that shows how to pass it as an argument.
 */
export function refuseProgramText(words: readonly Word[]): void {
  const programs = findPrograms(words);
  for (const at of programs) {
    const name = programName(words[at]);
    for (const runner of TEXT_RUNNERS) if (name !== null && runner.name.test(name)) checkInterpreter(runner, words, at);
  }
  const last = programs.at(-1) ?? 0;
  const program = interpreterAt(words, last);
  for (const [index] of words.entries()) {
    const found = interpreterAt(words, index);
    if (!found) continue;
    // `python train.py --backend node -e {epochs}`: those are the script's. A shell's name is looked at all the same.
    if (index > last && program?.takesScript && program !== SHELL && found !== SHELL) continue;
    checkInterpreter(found, words, index);
  }
  if (program?.takesScript) refuseChosenScript(program, words, last);
}

/** Refuses a value that a builtin of a shell would run, in one simple command of a script. */
export function refuseBuiltinText(words: readonly Word[]): void {
  const at = findPrograms(words).at(-1) ?? 0;
  const name = literalText(words[at] ?? []);
  if (name === null) return;
  if (DECLARES.has(name)) refuseDeclaration(name, words.slice(at + 1));
  const run = BUILTINS.has(name) ? words.slice(at + 1) : SOURCES.has(name) ? words.slice(at + 1, at + 2) : [];
  for (const word of run) {
    const value = firstPlaceholder(word);
    if (value) throw refusal(value, name, 'x={x}; … "$x"');
  }
}

/** `export PATH={x}`, and `export {x}`, which could be that. */
function refuseDeclaration(name: string, words: readonly Word[]): void {
  for (const word of words) {
    refuseDecidingAssignment(word);
    const value = parameterIn(word);
    if (value && !literalStart(word).includes("="))
      throw new CommandError(`${value.source} would choose the variable that ${name} sets; write NAME=${value.source}`);
  }
}

function interpreterAt(words: readonly Word[], index: number): Interpreter | null {
  const name = programName(words[index]);
  if (name === null) return null;
  if (SHELL.name.test(name)) return SHELL;
  return INTERPRETERS.find((interpreter) => interpreter.name.test(name)) ?? null;
}

function checkInterpreter(interpreter: Interpreter, words: readonly Word[], at: number): void {
  const refuse = (word: Word | undefined): void => {
    const value = word && firstPlaceholder(word);
    if (value) throw refusal(value, literalText(words[at] ?? []) ?? "", interpreter.instead);
  };
  let operandIsCode = interpreter.place === "first-operand";
  for (let i = at + 1; i < words.length; i++) {
    const word = words[i] ?? [];
    const start = literalStart(word);
    const isOption = /^[-+]/.test(start) && (firstPlaceholder(word) !== null || (start !== "--" && start.length > 1));
    if (!isOption && !interpreter.code.test(start)) {
      const operand = start === "--" ? i + 1 : i;
      if (interpreter.dataBehind?.test(start)) return;
      if (operandIsCode) for (const part of programWords(interpreter, words, operand)) refuse(part);
      if (interpreter.permutes) continue;
      return;
    }
    if (firstPlaceholder(word)) {
      if (!isLongSetting(start, interpreter)) refuse(word);
    } else if (interpreter.code.test(start)) {
      if (interpreter.place === "operand") {
        operandIsCode = true;
        continue;
      }
      operandIsCode = false;
      i += 1;
      for (const part of interpreter.place === "rest" ? words.slice(i) : words.slice(i, i + 1)) refuse(part);
      if (interpreter.place === "last-word" || interpreter.place === "rest") return;
    } else if (interpreter.programFile?.test(start)) {
      operandIsCode = false;
      i += 1;
    } else if (interpreter.valued.test(start)) {
      i += 1;
    }
  }
}

/** The operands from `from` on that are the program. */
function programWords({ joins, dataBehind }: Interpreter, words: readonly Word[], from: number): readonly Word[] {
  if (!joins) return words.slice(from, from + 1);
  const end = words.findIndex((word, index) => index >= from && dataBehind?.test(literalStart(word)));
  return words.slice(from, end === -1 ? undefined : end);
}

/** `node --max-old-space-size={mb}` sets something; `node --eval={x}` is a program. */
function isLongSetting(start: string, interpreter: Interpreter): boolean {
  const equals = start.indexOf("=");
  return start.startsWith("--") && equals !== -1 && !interpreter.code.test(start.slice(0, equals));
}

function refusal(value: Placeholder, program: string, instead: string): CommandError {
  return new CommandError(
    `${value.source} would become part of a program that ${program} runs, so its value could run anything; ` +
      `pass it as an argument: ${instead.replace("{x}", value.source)}`,
  );
}
