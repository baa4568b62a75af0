import { CommandError } from "./error.ts";
import { INTERPRETERS, type Interpreter, SHELL } from "./interpreters.ts";
import { firstPlaceholder, literalStart, literalText, type Placeholder, type Word } from "./placeholder.ts";

/** Builtins of a shell that run their arguments as program text, or compute with them. */
const BUILTINS = new Set(["eval", "trap", "alias", "let", "[["]);

/**
 * Refuses a command in which a value would become part of a program's text: whatever the value is, a shell or another
 * interpreter would run it. Throws `CommandError` that shows how to pass it as an argument instead.
 */
export function refuseProgramText(words: readonly Word[]): void {
  const scriptOwner = interpreterAt(words, 0)?.takesScript ?? false;
  for (const [index] of words.entries()) {
    const found = interpreterAt(words, index);
    if (!found) continue;
    // `python train.py --backend node -e {epochs}`: those are the script's. A shell's name is looked at all the same.
    if (index > 0 && scriptOwner && found !== SHELL) continue;
    checkInterpreter(found, words, index);
  }
}

/** Refuses a value that a builtin of a shell would run, in one simple command of a script. */
export function refuseBuiltinText(words: readonly Word[]): void {
  const name = literalText(words[0] ?? []);
  if (name === null || !BUILTINS.has(name)) return;
  for (const word of words) {
    const value = firstPlaceholder(word);
    if (value) throw refusal(value, name, 'x={x}; … "$x"');
  }
}

function interpreterAt(words: readonly Word[], index: number): Interpreter | null {
  const text = literalText(words[index] ?? []);
  if (text === null) return null;
  const name = text.slice(text.lastIndexOf("/") + 1);
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
      if (operandIsCode)
        for (const part of words.slice(operand, interpreter.joins ? undefined : operand + 1)) refuse(part);
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
      refuse(words[i]);
      if (interpreter.place === "last-word") return;
    } else if (interpreter.programFile?.test(start)) {
      operandIsCode = false;
      i += 1;
    } else if (interpreter.valued.test(start)) {
      i += 1;
    }
  }
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
