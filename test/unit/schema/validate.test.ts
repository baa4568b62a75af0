import { describe, expect, it } from "vitest";
import {
  COUNT_LIMIT,
  DURATION,
  type HouseSchema,
  JSON_OBJECT,
  SIZE_LIMIT,
  TIME_LIMIT,
} from "../../../src/schema/dialect.ts";
import type { Issue } from "../../../src/schema/issues.ts";
import { compileSchema, compileUserSchema } from "../../../src/schema/validate.ts";

const STEP = {
  type: "object",
  properties: {
    command: {
      anyOf: [
        { type: "string", minLength: 1 },
        { type: "array", items: { type: "string" }, minItems: 1 },
      ],
    },
    timeout: DURATION,
    tokens: COUNT_LIMIT,
    limit: TIME_LIMIT,
    memory: SIZE_LIMIT,
    retries: { type: "integer", minimum: 0, maximum: 9, default: 1 },
    mode: { enum: ["fast", "slow"], default: "fast" },
    tags: { type: "array", items: { type: "string" }, uniqueItems: true, default: [] },
    shape: {
      anyOf: [
        {
          type: "object",
          properties: { type: { const: "float" }, low: { type: "number" }, high: { type: "number" } },
          required: ["type", "low", "high"],
          additionalProperties: false,
        },
        {
          type: "object",
          properties: { type: { const: "categorical" }, choices: { type: "array", items: { type: "string" } } },
          required: ["type", "choices"],
          additionalProperties: false,
        },
      ],
    },
    runner: { anyOf: [{ $ref: "#/$defs/runner" }, { type: "array", items: { $ref: "#/$defs/runner" } }] },
    vars: JSON_OBJECT,
    name: { type: "string", pattern: "^[a-z]+$", maxLength: 5 },
  },
  required: ["command"],
  additionalProperties: false,
} as const satisfies HouseSchema;

const REFERENCES = { runner: { type: ["string", "object"], "x-expected": "a runner" } };
const brief = (found: Issue) => `${found.path.join(".")}: ${found.message}`;
const problems = (data: unknown) => compileSchema(STEP, REFERENCES)(data).map(brief);

describe("compileSchema", () => {
  it("fills defaults into data that is valid", () => {
    const data = { command: "true" };
    expect(compileSchema(STEP)(data)).toEqual([]);
    expect(data).toEqual({ command: "true", retries: 1, mode: "fast", tags: [] });
  });

  it.each([
    [{ command: 5 }, "command: expected text that is not empty, or a non-empty list of text"],
    [{ command: "" }, "command: expected text that is not empty"],
    [{ command: [] }, "command: expected a non-empty list of text"],
    [{ command: ["a", 1] }, "command.1: expected text"],
    [
      { command: "x", timeout: "5 parsecs" },
      "timeout: expected a duration like 90s, 30m or 2h, or a number of seconds",
    ],
    [{ command: "x", timeout: true }, "timeout: expected a duration like 90s, 30m or 2h, or a number of seconds"],
    [{ command: "x", timeout: -1 }, "timeout: expected a duration like 90s, 30m or 2h, or a number of seconds"],
    [{ command: "x", tokens: "many" }, "tokens: expected a count like 200k or 2M, or a number, above zero"],
    [{ command: "x", limit: 0 }, "limit: expected a duration like 90s, 30m or 2h, or a number of seconds, above zero"],
    [
      { command: "x", limit: "0s" },
      "limit: expected a duration like 90s, 30m or 2h, or a number of seconds, above zero",
    ],
    [
      { command: "x", limit: " 0.00 h " },
      "limit: expected a duration like 90s, 30m or 2h, or a number of seconds, above zero",
    ],
    [{ command: "x", memory: "0G" }, "memory: expected a size like 512M or 2G, or a number of bytes, above zero"],
    [{ command: "x", tokens: 0 }, "tokens: expected a count like 200k or 2M, or a number, above zero"],
    [{ command: "x", retries: 1.5 }, "retries: expected a whole number of at least 0 and at most 9"],
    [{ command: "x", retries: 10 }, "retries: expected a whole number of at least 0 and at most 9"],
    [{ command: "x", mode: "fats" }, "mode: expected one of fast, slow"],
    [{ command: "x", mode: null }, "mode: expected one of fast, slow"],
    [{ command: "x", tags: ["a", "a"] }, "tags: an entry is there twice"],
    [{ command: "x", tags: [null] }, "tags.0: expected text"],
    [{ command: "x", nmae: "x" }, 'nmae: unknown key "nmae"'],
    [{}, ': missing key "command"'],
    [{ command: "x", shape: 1 }, "shape: expected a mapping of keys to values"],
    [{ command: "x", shape: {} }, 'shape: missing key "type": one of float, categorical'],
    [{ command: "x", shape: { type: "flaot" } }, "shape.type: expected one of float, categorical"],
    [{ command: "x", shape: { type: "float", low: 1 } }, 'shape: missing key "high"'],
    [{ command: "x", shape: { type: "float", low: "1", high: 2 } }, "shape.low: expected a number"],
    [{ command: "x", shape: { type: "categorical", choices: [1] } }, "shape.choices.0: expected text"],
    [{ command: "x", runner: 3 }, "runner: expected a runner, or a list of entries that are each a runner"],
    [{ command: "x", runner: ["a", 3] }, "runner.1: expected a runner"],
    [{ command: "x", name: "TOO-LONG" }, "name: expected text that matches ^[a-z]+$"],
    [[], ": expected a mapping of keys to values"],
  ])("tells the one mistake in %j", (data, expected) => {
    expect(problems(data)).toEqual([expected]);
  });

  it("tells every mistake in one pass", () => {
    expect(problems({ comand: "x", timeout: "x", shape: { type: "float", lwo: 1, high: "2" }, mode: 3 })).toEqual([
      ': missing key "command"',
      'comand: unknown key "comand"',
      "timeout: expected a duration like 90s, 30m or 2h, or a number of seconds",
      "mode: expected one of fast, slow",
      'shape: missing key "low"',
      'shape.lwo: unknown key "lwo"',
      "shape.high: expected a number",
    ]);
  });

  it("keeps the pieces of a path that hold slashes and tildes", () => {
    const schema = { type: "object", additionalProperties: { type: "string" } } as const satisfies HouseSchema;
    expect(compileSchema(schema)({ "a/b~c": 1 })[0]?.path).toEqual(["a/b~c"]);
  });

  it("says which keys would have been valid", () => {
    const [found] = compileSchema(STEP)({ command: "x", tmieout: 1 });
    expect(found).toMatchObject({ about: "key", candidates: expect.arrayContaining(["timeout"]) });
  });
});

describe("compileUserSchema", () => {
  it("says in words what is wrong with a value", () => {
    const check = compileUserSchema({
      $schema: "https://json-schema.org/draft/2020-12/schema",
      type: "object",
      properties: { layers: { type: "array", items: { type: "integer", maximum: 9 } }, kind: { enum: ["a", "b"] } },
      required: ["layers"],
      additionalProperties: false,
    });
    expect(check({ layers: [1] })).toEqual([]);
    expect(check({ layers: [10], kind: "c", more: 1 })).toEqual([
      'the value must NOT have additional properties ("more")',
      "layers.0 must be <= 9",
      'kind must be equal to one of the allowed values: ["a","b"]',
    ]);
  });

  it("never changes the value", () => {
    const value = {};
    compileUserSchema({ type: "object", properties: { a: { type: "integer", default: 3 } } })(value);
    expect(value).toEqual({});
  });

  it.each([
    [{ type: "strange" }],
    [{ pattern: "(" }],
    [{ $ref: "https://example.org/elsewhere.json" }],
    [{ required: "a" }],
  ])("refuses %j, which is no schema, with a reason", (schema) => {
    expect(() => compileUserSchema(schema)).toThrow(TypeError);
  });

  it("ignores keywords and formats it does not know", () => {
    expect(compileUserSchema({ type: "string", format: "email", "x-mine": 1 })("no")).toEqual([]);
  });
});
