import { isJsonObject } from "../model/json.ts";
import { admits, describeSchema } from "../schema/describe.ts";
import type { HouseSchema, ObjectSchema } from "../schema/dialect.ts";
import { misfit } from "../schema/fits.ts";
import type { Infer } from "../schema/infer.ts";
import { nearest } from "../text/nearest.ts";
import { shown } from "../text/printable.ts";
import { UsageError } from "./errors.ts";

/** What one option or argument may be. */
export interface Expectation {
  /** In words, after "expected". */
  readonly expected: string;
  readonly holds: (value: unknown) => boolean;
  readonly required?: true;
  /** Of an option that is an object itself: its own options. */
  readonly parts?: Expectations;
  /** What is wrong inside of a value that is right from outside. */
  readonly inside?: (value: unknown, name: string) => string | null;
}

export type Expectations = Readonly<Record<string, Expectation>>;

/**
 * Checks what code has given, which no compiler may have looked at. `undefined` is not given. Throws `UsageError` that
 * names every option that is not what is expected, what was given and what is expected; `what` is who takes them. That
 * none is forgotten is the compiler's business.
 */
export function assertOptions<T>(
  what: string,
  given: T,
  expectations: Readonly<Record<keyof T & string, Expectation>>,
): void {
  const problems = isObject(given)
    ? problemsOf(given, expectations, "")
    : [`expected options, got ${kindOrText(given)}; ${known(Object.keys(expectations))}`];
  if (problems.length > 0) throw new UsageError(`${what}: ${problems.join("; ")}`);
}

/** The same of an argument that has to be there. */
export function assertArgument(what: string, name: string, value: unknown, expectation: Expectation): void {
  assertOptions(what, { [name]: value }, { [name]: required(expectation) });
}

/** What takes no options, and says so. */
export class Optionless {
  constructor(options: Readonly<Record<string, never>> = {}) {
    assertOptions(new.target.name, options, {});
  }
}

type Camel<S extends string> = S extends `${infer Head}_${infer Tail}` ? `${Head}${Capitalize<Camel<Tail>>}` : S;
type Properties = ObjectSchema["properties"];

/** Options of a component as code gives them, by its schema: `num_tasks` is `numTasks`, and only `R` have to be there. */
export type InCode<P extends Properties, R extends string = never> = {
  readonly [K in keyof P & string as Exclude<Camel<K>, R>]?: Infer<P[K]>;
} & { readonly [K in keyof P & string as Extract<Camel<K>, R>]: Infer<P[K]> };

/** What a component's schema says of its options, under the names that code gives them: `num_tasks` is `numTasks`. */
export function inSchema<const P extends Properties>(
  properties: P,
): { readonly [K in keyof P & string as Camel<K>]: Expectation };
export function inSchema(properties: Properties): Expectations {
  const entries = Object.entries(properties);
  return Object.fromEntries(entries.map(([name, schema]) => [camelCase(name), ofSchema(schema)]));
}

/** What fits a schema. One that is a reference to a component has to be said otherwise. */
export function ofSchema(schema: HouseSchema): Expectation {
  if ("properties" in schema) {
    const { properties, required: names = [] } = schema;
    const parts = Object.entries(inSchema(properties)).map(([name, part]) => {
      return [name, names.some((one) => camelCase(one) === name) ? required(part) : part] as const;
    });
    return objectOf(Object.fromEntries(parts));
  }
  const isRecord = "type" in schema && schema.type === "object";
  return {
    expected: isRecord ? "an object" : describeSchema(schema),
    holds: (value) => misfit(value, schema) === null,
    inside: (value, name) => {
      if (!isJsonObject(schema) || !("type" in schema) || !admits(schema, value)) return null;
      if (typeof value === "object") return misfit(value, schema, `.${name}`);
      // Text in a wrong place may be a key.
      return typeof value === "string" ? `${name}: expected ${describeSchema(schema)}` : null;
    },
  };
}

export function required(expectation: Expectation): Expectation {
  return { ...expectation, required: true };
}

export const TEXT: Expectation = { expected: "text", holds: (value) => typeof value === "string" };
export const FUNCTION: Expectation = { expected: "a function", holds: (value) => typeof value === "function" };
export const POSITIVE: Expectation = {
  expected: "a number above 0",
  holds: (value) => typeof value === "number" && value > 0,
};

/** An object that can do something, as `what` can: one of its methods tells. */
export function doing(method: string, what: string): Expectation {
  return {
    expected: `${what}: an object with ${method}()`,
    holds: (value) => isObject(value) && typeof value[method] === "function",
  };
}

export function objectOf(parts?: Expectations): Expectation {
  return { expected: "an object", holds: isObject, ...(parts === undefined ? {} : { parts }) };
}

export function whole(least: number): Expectation {
  return {
    expected: `a whole number of at least ${least}`,
    holds: (value) => typeof value === "number" && Number.isSafeInteger(value) && value >= least,
  };
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function problemsOf(given: Readonly<Record<string, unknown>>, expectations: Expectations, within: string) {
  const names = Object.keys(expectations);
  const problems: string[] = [];
  for (const key of Object.keys(given)) {
    if (names.includes(key)) continue;
    const near = nearest(key, names);
    const hint = near === null ? known(names) : `did you mean ${near}?`;
    problems.push(`there is no option ${within}${key}; ${hint}`);
  }
  for (const [key, expectation] of Object.entries(expectations)) {
    const { expected, holds, parts, inside } = expectation;
    const [name, value] = [`${within}${key}`, given[key]];
    if (value === undefined) {
      if (expectation.required) problems.push(`${name} is missing: expected ${expected}`);
    } else if (!holds(value)) {
      problems.push(inside?.(value, name) ?? `${name}: expected ${expected}, got ${kindOrText(value)}`);
    } else if (parts && isObject(value))
      for (const problem of problemsOf(value, parts, `${name}.`)) problems.push(problem);
  }
  return problems;
}

function known(names: readonly string[]): string {
  return names.length === 0 ? "it takes none" : `known: ${names.join(", ")}`;
}

function camelCase(name: string): string {
  return name.replaceAll(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
}

/** Objects and lists may hold secrets. */
function kindOrText(value: unknown): string {
  if (typeof value !== "object" || value === null) return shown(value);
  return Array.isArray(value) ? "a list" : "an object";
}
