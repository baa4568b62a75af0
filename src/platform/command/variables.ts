import type { JsonObject, JsonValue } from "../../model/json.ts";
import { shown } from "../../text/printable.ts";
import { argumentOf, checkLength } from "./values.ts";
import { CommandError } from "./words.ts";

const PREFIX = "AURA_PARAM_";
/** Bytes that all variables of parameters may take of the room that the system gives to arguments and environment. */
const ROOM = 512 * 1024;

/** The variable that a command finds a parameter in. */
export function variableName(parameter: string): string {
  return `${PREFIX}${parameter.replace(/[^A-Za-z0-9_]/g, "_")}`;
}

/** Two parameters whose variables would have one name, if there are such. */
export function sharedVariable(parameters: readonly string[]): readonly [string, string] | null {
  const owners = new Map<string, string>();
  for (const name of parameters) {
    const other = owners.get(variableName(name));
    if (other !== undefined) return [other, name];
    owners.set(variableName(name), name);
  }
  return null;
}

/**
 * `AURA_PARAM_<name>` for each parameter that is text, a number or a boolean. What no variable can hold, or is too long,
 * is left out. Throws `CommandError` for two parameters with one such name.
 */
export function parameterVariables(spec: JsonObject): Readonly<Record<string, string>> {
  const scalars = Object.entries(spec).filter(([, value]) => isScalar(value));
  const shared = sharedVariable(scalars.map(([name]) => name));
  if (shared !== null) throw oneVariable(shared);
  let left = ROOM;
  const variables = scalars.flatMap(([name, value]): [string, string][] => {
    const text = variableText(name, value);
    const bytes = text === null ? 0 : Buffer.byteLength(text) + name.length;
    if (text === null || bytes > left) return [];
    left -= bytes;
    return [[variableName(name), text]];
  });
  return Object.fromEntries(variables);
}

function oneVariable([one, other]: readonly [string, string]): CommandError {
  return new CommandError(
    `the parameters ${shown(one)} and ${shown(other)} would both be the variable $${variableName(one)}; rename one of them`,
  );
}

export function isScalar(value: JsonValue): boolean {
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean";
}

function variableText(name: string, value: JsonValue): string | null {
  try {
    const { text } = argumentOf(name, value);
    checkLength(`${variableName(name)}=${text}`, [name]);
    return text;
  } catch (error) {
    if (error instanceof CommandError) return null;
    throw error;
  }
}
