import type { JsonObject } from "../model/json.ts";
import { nearest } from "../text/nearest.ts";
import { shown } from "../text/printable.ts";
import { type CommandTemplate, compileArgv, fillWord, type Use, usesIn } from "./command/argv.ts";
import { type CommandValues, checkLength } from "./command/values.ts";
import { isScalar, parameterVariables, variableName } from "./command/variables.ts";
import { CommandError, parseWord } from "./command/words.ts";

export type { CommandTemplate, Use } from "./command/argv.ts";
export type { CommandValues } from "./command/values.ts";
export { parameterVariables, sharedVariable, variableName } from "./command/variables.ts";
export { type AuraName, CommandError } from "./command/words.ts";

/** `$AURA_PARAM_lr`, or in braces; then with what says that it may be absent, such as `:-`. */
const USED = /\$(?:\{(AURA_PARAM_\w+)(:?[-+=?])?|(AURA_PARAM_\w+))/g;

/**
 * Compiles a command: a string that is split into words once or a list of words, with `{name}` placeholders, or with
 * `shell` a text that a shell runs as it is. Throws `CommandError` when it cannot be used.
 */
export function compileCommand(
  command: string | readonly string[],
  options: { readonly shell: boolean },
): CommandTemplate {
  if (!options.shell) return compileArgv(command);
  if (typeof command !== "string") throw new CommandError("with `shell: true` the command is one string, not a list");
  return compileShell(command);
}

/** A text that `/bin/sh -c` runs as it is: parameters are variables in it, and braces mean nothing to AURA. */
function compileShell(script: string): CommandTemplate {
  if (script.trim() === "") throw new CommandError("the command is empty");
  if (script.includes("\0")) throw new CommandError("the command holds a NUL character");
  checkLength(script, []);
  const uses = variablesIn(script);
  return {
    uses,
    check: () => {},
    render: ({ spec }) => {
      const variables = parameterVariables(spec);
      for (const { name, optional } of uses) if (!optional && !Object.hasOwn(variables, name)) throw unset(name, spec);
      return { file: "/bin/sh", args: ["-c", script] };
    },
  };
}

function variablesIn(script: string): readonly Use[] {
  const uses = new Map<string, Use>();
  for (const [, braced, alternative, bare] of script.matchAll(USED)) {
    const name = braced ?? bare ?? "";
    const optional = alternative !== undefined && (uses.get(name)?.optional ?? true);
    uses.set(name, { name, written: name, optional });
  }
  return [...uses.values()];
}

/** Why a variable that a script needs is not there. */
function unset(variable: string, spec: JsonObject): CommandError {
  const written = { written: variable };
  const given = Object.entries(spec).find(([name]) => variableName(name) === variable);
  if (given === undefined || given[1] === null) {
    const near = nearest(variable, Object.keys(spec).map(variableName));
    const hint = near === null ? "" : `did you mean $${near}? `;
    const instead = `${hint}Write \${${variable}:-} (in a spec $\${…}) where it may be absent`;
    return new CommandError(`the hypothesis has no value for $${variable}; ${instead}`, written);
  }
  const [name, value] = given;
  const why = isScalar(value) ? "cannot be a variable: it is too long, or no plain text" : "is a list or an object";
  return new CommandError(`parameter ${shown(name)} ${why}; read it from the file $AURA_TRIAL_PARAMS`, written);
}

/** A text with placeholders that is not a command, such as the value of an environment variable. */
export interface TextTemplate {
  readonly uses: readonly Use[];
  /** Throws `CommandError`; an absent optional value gives the empty text. */
  render(values: CommandValues): string;
}

/** Compiles one text with `{name}` placeholders, no word splitting. Throws `CommandError`. */
export function compileText(source: string): TextTemplate {
  const word = parseWord(source);
  if (word.some((part) => part.kind === "value" && part.spread)) {
    throw new CommandError(`${JSON.stringify(source)}: a list of words has no place here, {xs} writes it as JSON`);
  }
  return { uses: usesIn([word]), render: (values) => fillWord(word, values)?.text ?? "" };
}
