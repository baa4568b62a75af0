import { type AnyDefinition, KINDS } from "../kernel/define.ts";
import { isJsonObject, type JsonValue } from "../model/json.ts";
import { compileSchema } from "../schema/validate.ts";

/** What a contract suite needs of a test framework; vitest's and `node:test`'s `describe` and `it` fit. */
export interface TestFramework {
  describe(name: string, body: () => void): void;
  it(name: string, body: () => void | Promise<void>): void;
}

/**
 * The promises every component definition keeps, whatever its kind: run it over your own definitions with the
 * `describe` and `it` of your test framework. A broken promise throws an `Error` that says which.
 */
export function definitionContract(definition: AnyDefinition, { describe, it }: TestFramework): void {
  const { kind, type, summary, options, aliases = [], requires = [] } = definition;
  describe(`${kind} ${type}`, () => {
    it("has a kind and names that a spec can hold", () => {
      hold(KINDS.includes(kind), `there is no kind "${kind}"`);
      for (const name of [type, ...aliases]) hold(/^[a-z0-9][a-z0-9-]*$/.test(name), `"${name}" is not a name`);
    });

    it("says in one sentence what it is", () => {
      hold(/^[A-Z`][^\n]*\.$/.test(summary), `the summary is no sentence: ${summary}`);
    });

    it("describes every option", () => {
      const silent = Object.entries(options.properties).filter(([, option]) => !option.description);
      hold(silent.length === 0, `no description: ${silent.map(([name]) => name).join(", ")}`);
    });

    it("has no option called `type`, nor one that begins with `x-`", () => {
      const taken = Object.keys(options.properties).filter((name) => name === "type" || name.startsWith("x-"));
      hold(taken.length === 0, `not free: ${taken.join(", ")}`);
    });

    it("has an example that its own schema and check accept", () => {
      const example = copyOf(definition.example);
      const issues = compileSchema(options)(example).map(({ path, message }) => `${path.join(".")}: ${message}`);
      hold(issues.length === 0, issues.join("; "));
      const found = definition.check?.(example as never) ?? [];
      hold(found.length === 0, found.map(({ path, message }) => `${path}: ${message}`).join("; "));
    });

    it("has defaults that its schema accepts, with the required options of the example", () => {
      const example = copyOf(definition.example);
      const required = Object.fromEntries((options.required ?? []).map((name) => [name, example[name] ?? null]));
      const issues = compileSchema(options)(required);
      hold(issues.length === 0, issues.map(({ path, message }) => `${path.join(".")}: ${message}`).join("; "));
    });

    it("refuses an option it does not know", () => {
      const issues = compileSchema(options)({ ...copyOf(definition.example), "no-such-option": 1 });
      hold(issues.length === 1 && issues[0]?.about === "key", "an unknown option was accepted");
    });

    it("says what to do when a program it needs is missing", () => {
      for (const { tool, hint } of requires) hold(hint !== "", `no hint for ${tool}`);
    });
  });
}

export function copyOf(example: unknown): Record<string, JsonValue> {
  if (!isJsonObject(example)) throw new Error("the example is not a mapping of options");
  return structuredClone(example);
}

export function hold(condition: boolean, otherwise: string): void {
  if (!condition) throw new Error(otherwise);
}
