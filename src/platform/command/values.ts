import type { DeclaredParameters } from "../../model/hypothesis.ts";
import { canonicalJson, isJsonObject, type JsonObject, type JsonValue, lookup } from "../../model/json.ts";
import { nearest } from "../../text/nearest.ts";
import { listed, shown } from "../../text/printable.ts";
import { CommandError, type Placeholder } from "./words.ts";

/** What fills a command. */
export interface CommandValues {
  /** The hypothesis's parameters. */
  readonly spec: JsonObject;
  /** AURA's own values by their name without `aura.`. */
  readonly aura: Readonly<Record<string, JsonValue>>;
  /** Default: a model may have written any of the parameters. */
  readonly declared?: DeclaredParameters;
}

/** Longest single argument that Linux takes, without its NUL (MAX_ARG_STRLEN). */
const LONGEST_ARGUMENT = 128 * 1024 - 1;
/** Longest decimal that is written in place of an exponent. */
const LONGEST_DECIMAL = 17;
const NAMES_SHOWN = 20;
const ARGUMENT_NAME = /^[\p{L}\p{N}_][\p{L}\p{N}_.-]*$/u;

/** One argument made from a value, and the parameter to name when it cannot be used. */
export interface Argument {
  readonly text: string;
  readonly parameter: string;
  /** It came from a number, so a leading `-` is a sign. */
  readonly numeric: boolean;
  /** What it begins with was written by the author of the spec or by AURA, and not by a model. */
  readonly authored: boolean;
}

/** The value of a placeholder; `undefined` when it is optional and absent. Throws `CommandError` when it is missing. */
export function resolveValue(placeholder: Placeholder, values: CommandValues): JsonValue | undefined {
  const from = placeholder.aura ? values.aura : values.spec;
  const value = lookup(from, placeholder.name);
  if (value !== undefined && value !== null) return value;
  if (placeholder.optional) return undefined;
  if (value === null) {
    throw new CommandError(`${placeholder.source} is null; write ${optionalForm(placeholder)} to leave its word out`);
  }
  throw missing(placeholder, from);
}

/** The text of a value inside a word. Throws `CommandError` for what no argument can hold. */
export function argumentOf(parameter: string, value: JsonValue, authored = false): Argument {
  const text = textOf(parameter, value);
  if (text.includes("\0"))
    throw new CommandError(`parameter ${shown(parameter)} holds a NUL character, which no argument can`);
  if (!text.isWellFormed()) {
    throw new CommandError(`parameter ${shown(parameter)} holds half of a surrogate pair, which is no text`);
  }
  return { text, parameter, numeric: typeof value === "number", authored };
}

/** Whether the author of the spec declared the parameter that fills this, so that no model writes it freely. */
export function isDeclared({ name, aura }: Placeholder, declared: DeclaredParameters): boolean {
  return aura ? name !== "args" : declaredRoot(name, declared) !== null;
}

/** Whether this value is AURA's own, or one that the author of the spec declared. */
export function isAuthored({ name, aura }: Placeholder, value: JsonValue, declared: DeclaredParameters = {}): boolean {
  if (aura) return name !== "args";
  const root = declaredRoot(name, declared);
  const domain = root === null ? undefined : declared[root];
  if (root === null || domain === undefined) return false;
  if (domain === "number") return typeof value === "number";
  return domain.some((choice) => {
    const part = lookup({ [root]: choice }, name);
    return part !== undefined && canonicalJson(part) === canonicalJson(value);
  });
}

/** The declared parameter that `name` is, or reaches into. */
function declaredRoot(name: string, declared: DeclaredParameters): string | null {
  if (Object.hasOwn(declared, name)) return name;
  return Object.keys(declared).find((known) => name.startsWith(`${known}.`)) ?? null;
}

/** One argument an element, for `{xs...}`. */
export function spreadOf(placeholder: Placeholder, value: JsonValue, authored: boolean): readonly Argument[] {
  if (!Array.isArray(value)) {
    throw new CommandError(
      `${placeholder.source} needs a list, and ${shown(fullName(placeholder))} is ${kindOf(value)}`,
    );
  }
  return value.map((element, index) => argumentOf(`${fullName(placeholder)}[${index}]`, element, authored));
}

/** `--name=value` for each parameter that is not null, in the order the hypothesis has them: `{aura.args...}`. */
export function allArguments(spec: JsonObject): readonly Argument[] {
  return Object.entries(spec).flatMap(([name, value]) => {
    if (value === null) return [];
    if (!ARGUMENT_NAME.test(name)) {
      throw new CommandError(
        `parameter ${shown(name)} cannot be an option name for {aura.args...}; read {aura.params_file} instead`,
      );
    }
    const { text } = argumentOf(name, value);
    return [{ text: `--${name}=${text}`, parameter: name, numeric: false, authored: true }];
  });
}

/** Refuses an argument that the system would. `parameters` are those in it, for the message. */
export function checkLength(text: string, parameters: readonly string[]): void {
  const bytes = Buffer.byteLength(text);
  if (bytes <= LONGEST_ARGUMENT) return;
  const what = parameters.length > 0 ? `parameter ${parameters.map((name) => shown(name)).join(", ")}` : "the command";
  throw new CommandError(
    `${what} makes an argument of ${bytes} bytes, and the system takes at most ${LONGEST_ARGUMENT}; ` +
      "read it from the file {aura.params_file} instead",
  );
}

export function fullName(placeholder: Placeholder): string {
  return placeholder.aura ? `aura.${placeholder.name}` : placeholder.name;
}

function textOf(parameter: string, value: JsonValue): string {
  if (typeof value === "string") return value;
  if (typeof value === "boolean") return String(value);
  if (typeof value !== "number") return canonicalJson(value);
  if (Number.isFinite(value)) return numberText(value);
  throw new CommandError(`parameter ${shown(parameter)} is ${value}, which is not a number a command can use`);
}

/** `0.0000001` rather than `1e-7`, which many parsers of arguments do not take for a number; but no long row of zeros. */
function numberText(value: number): string {
  const shortest = String(value);
  const [, sign, first, rest = "", exponent] = /^(-?)(\d)(?:\.(\d+))?e-(\d+)$/.exec(shortest) ?? [];
  if (exponent === undefined) return shortest;
  const decimal = `${sign}0.${"0".repeat(Number(exponent) - 1)}${first}${rest}`;
  return decimal.length <= LONGEST_DECIMAL ? decimal : shortest;
}

function missing(placeholder: Placeholder, from: JsonObject): CommandError {
  const owner = placeholder.aura ? "AURA has" : "the hypothesis has";
  const names = Object.keys(from).map((name) => (placeholder.aura ? `aura.${name}` : name));
  const near = nearest(fullName(placeholder), names);
  const hint = near === null ? "" : `; did you mean {${near.slice(0, 60)}}?`;
  const readable = names.map((name) => shown(name).slice(1, -1));
  const known = listed(readable, NAMES_SHOWN) || "none";
  return new CommandError(`no value for ${placeholder.source}${hint} (${owner}: ${known})`);
}

function optionalForm(placeholder: Placeholder): string {
  return `{${fullName(placeholder)}${placeholder.spread ? "..." : ""}?}`;
}

function kindOf(value: JsonValue): string {
  if (isJsonObject(value)) return "an object";
  return typeof value === "string" ? "text" : `a ${typeof value}`;
}
