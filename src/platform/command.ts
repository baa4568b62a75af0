import { type CommandTemplate, compileArgv, fillWord, namesIn } from "./command/argv.ts";
import { refuseDecidingValue } from "./command/chosen-program.ts";
import { CommandError } from "./command/error.ts";
import { parseWord } from "./command/placeholder.ts";
import { compileShell } from "./command/shell.ts";
import type { CommandValues } from "./command/value.ts";

export type { CommandTemplate } from "./command/argv.ts";
export { CommandError } from "./command/error.ts";
export type { CommandValues } from "./command/value.ts";

/**
 * Compiles a command with `{name}` placeholders: a string that is split into words once, a list of words, or with
 * `shell` a script in which every value is a positional parameter. Throws `CommandError` when it cannot be used.
 */
export function compileCommand(
  command: string | readonly string[],
  options: { readonly shell: boolean },
): CommandTemplate {
  if (!options.shell) return compileArgv(command);
  if (typeof command !== "string") throw new CommandError("with `shell: true` the command is one string, not a list");
  return compileShell(command);
}

/** A text with placeholders that is not a command, such as the value of an environment variable. */
export interface TextTemplate {
  readonly placeholders: readonly string[];
  /** Throws `CommandError`; an absent optional value gives the empty text. */
  render(values: CommandValues): string;
}

/** Compiles the value of an environment variable. Throws `CommandError`, also when it would decide what is run. */
export function compileVariable(name: string, source: string): TextTemplate {
  refuseDecidingValue(name, parseWord(source));
  return compileText(source);
}

/** Compiles one text with `{name}` placeholders, no word splitting. Throws `CommandError`. */
export function compileText(source: string): TextTemplate {
  const word = parseWord(source);
  if (word.some((part) => part.kind === "value" && part.spread)) {
    throw new CommandError(`${JSON.stringify(source)}: a list of words has no place here, {xs} writes it as JSON`);
  }
  return { placeholders: namesIn([word]), render: (values) => fillWord(word, values)?.text ?? "" };
}
