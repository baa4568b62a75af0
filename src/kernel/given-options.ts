import { nearest } from "../text/nearest.ts";
import { shown } from "../text/printable.ts";
import { UsageError } from "./errors.ts";

/** What one option may be. */
export interface Expectation {
  /** In words, after "expected". */
  readonly expected: string;
  readonly holds: (value: unknown) => boolean;
  readonly required?: true;
  /** Of an option that is an object itself: its own options. */
  readonly parts?: Expectations;
}

export type Expectations = Readonly<Record<string, Expectation>>;

/**
 * Checks what code has given, which no compiler may have looked at. `undefined` is not given. Throws `UsageError` that
 * names every option that is not what is expected, what was given and what is expected; `what` is who takes them.
 */
export function assertOptions(what: string, given: unknown, expectations: Expectations): void {
  const problems = isObject(given)
    ? problemsOf(given, expectations, "")
    : [`expected options, got ${kindOrText(given)}; known: ${Object.keys(expectations).join(", ")}`];
  if (problems.length > 0) throw new UsageError(`${what}: ${problems.join("; ")}`);
}

/** Refuses by name what is no option of `what`; that `names` has all of them is the compiler's business. */
export function assertKnown<T extends object>(what: string, given: T, names: Readonly<Record<keyof T, true>>): void {
  const any: Expectation = { expected: "anything", holds: () => true };
  assertOptions(what, given, Object.fromEntries(Object.keys(names).map((name) => [name, any])));
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
    const hint = near === null ? `; known: ${names.join(", ")}` : `; did you mean ${near}?`;
    problems.push(`there is no option ${within}${key}${hint}`);
  }
  for (const [name, { expected, holds, required, parts }] of Object.entries(expectations)) {
    const value = given[name];
    if (value === undefined) {
      if (required) problems.push(`${within}${name} is missing: expected ${expected}`);
    } else if (!holds(value)) problems.push(`${within}${name}: expected ${expected}, got ${kindOrText(value)}`);
    else if (parts && isObject(value))
      for (const problem of problemsOf(value, parts, `${within}${name}.`)) problems.push(problem);
  }
  return problems;
}

/** Objects and lists may hold secrets. */
function kindOrText(value: unknown): string {
  if (typeof value !== "object" || value === null) return shown(value);
  return Array.isArray(value) ? "a list" : "an object";
}
