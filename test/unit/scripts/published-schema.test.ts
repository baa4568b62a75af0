import { Ajv } from "ajv";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { publishedSpecSchema } from "../../../scripts/published-schema.ts";
import { builtins as allBuiltins } from "../../../src/components/builtins.ts";
import { KINDS } from "../../../src/kernel/define.ts";
import { thorough } from "../../support/thorough.ts";
import { fixtures, VALID } from "../spec/registry.ts";

const builtins = await allBuiltins();

/** A stock validator that knows nothing of AURA's dialect. */
const stock = (schema: object) => new Ajv({ strict: false, allErrors: true }).compile(schema);

describe("the published schema of a spec", () => {
  const check = stock(publishedSpecSchema(fixtures));

  it("is accepted by stock validators, which accept a valid spec", () => {
    expect(check(parse(VALID)) || check.errors).toBe(true);
  });

  it.each([
    ["a variable for a number", "goal: Raise the accuracy.", "parallel: ${N:-2}"],
    ["an alias of a type", "type: composed", "type: single-trial"],
    ["a user's module", "metric: {", "evaluator: { type: ./mine.ts, any: thing }\nmetric: {"],
    ["notes", "  type: search", "  type: search\n  x-note: hello"],
    ["an inline runner", "metric: {", "reviewer: { type: prompt, runner: { type: replay, file: a } }\nmetric: {"],
  ])("allows %s", (_, from, to) => {
    expect(check(parse(VALID.replace(from, to))) || check.errors).toBe(true);
  });

  it.each([
    ["an unknown key", "goal: Raise", "gaol: Raise"],
    ["an unknown component", "type: search", "type: serach"],
    ["a wrong option", "    timeout: 5m", "    timout: 5m"],
    ["a bad duration", "timeout: 5m", "timeout: 5 minutes"],
    ["a runner of a kind that has no names", "metric: {", "reviewer: main\nmetric: {"],
    ["words for a number", "goal: Raise the accuracy.", "parallel: many"],
  ])("refuses %s", (_, from, to) => {
    expect(check(parse(VALID.replace(from, to)))).toBe(false);
  });

  it("describes every key for editors", () => {
    const { properties } = publishedSpecSchema(fixtures);
    for (const [key, schema] of Object.entries(properties ?? {})) expect(schema, key).toHaveProperty("description");
  });

  thorough("holds every built-in component, whose example it accepts", () => {
    const schema = publishedSpecSchema(builtins);
    for (const kind of KINDS) {
      for (const { type, example } of builtins.list(kind)) {
        const { $schema, $defs } = schema;
        const fits = stock({ $schema, $defs, $ref: `#/$defs/${kind}` });
        const config = { type, ...(typeof example === "object" ? example : {}) };
        expect(fits(config) || fits.errors, `${kind} ${type}`).toBe(true);
      }
    }
  });
});
