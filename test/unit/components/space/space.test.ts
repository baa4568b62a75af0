import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { checkSpace, compileSpace, type SpaceOptions, spaceSchema } from "../../../../src/components/space/space.ts";
import { SpecError } from "../../../../src/kernel/errors.ts";
import type { JsonObject } from "../../../../src/model/json.ts";
import { compileSchema } from "../../../../src/schema/validate.ts";

const options: SpaceOptions = {
  mom: { type: "float", low: 0, high: 1, when: { opt: "sgd" } },
  lr: { type: "float", low: 1e-5, high: 0.1, log: true },
  n: { type: "int", low: 1, high: 8, step: 2 },
  opt: { type: "categorical", choices: ["adam", "sgd", [1, 2], { name: "own" }] },
  drop: { type: "float", low: 0, high: 0.3, step: 0.1 },
};
const space = compileSpace(options);
const inside: JsonObject = { lr: 0.01, n: 3, opt: "adam", drop: 0.1 };

describe("a space", () => {
  test("lists parents before their conditional children", () => {
    expect(space.parameters.map(({ name }) => name)).toEqual(["opt", "mom", "lr", "n", "drop"]);
  });

  test("is described one parameter a line, as a person would say it", () => {
    expect(space.describe()).toBe(
      [
        'opt: one of "adam", "sgd", [1,2], {"name":"own"}',
        'mom: float from 0 to 1, only when opt is "sgd"',
        "lr: float from 0.00001 to 0.1, log scale",
        "n: int from 1 to 8 in steps of 2",
        "drop: float from 0 to 0.3 in steps of 0.1",
      ].join("\n"),
    );
  });

  test("gives back what was written", () => {
    expect(space.toJson()).toEqual(options);
  });

  test.each([
    ["all parameters inside", inside],
    ["values on the bounds", { ...inside, lr: 1e-5, n: 7, drop: 0.3 }],
    ["an int written as a float", JSON.parse('{"lr": 0.01, "n": 3.0, "opt": "adam", "drop": 0.1}')],
    ["a stepped float with the dust of binary fractions", { ...inside, drop: 3 * 0.1 - 0.1 }],
    ["an active conditional", { ...inside, opt: "sgd", mom: 0.5 }],
    ["a list as a choice", { ...inside, opt: [1, 2] }],
    ["an object as a choice, keys in any order", { ...inside, opt: { name: "own" } }],
  ])("accepts %s", (_, spec) => {
    expect(space.violation(spec)).toBeNull();
  });

  test.each<readonly [string, JsonObject, string]>([
    ["a value above the range", { ...inside, lr: 0.2 }, "lr = 0.2: expected float from 0.00001 to 0.1"],
    ["a numeric string", { ...inside, lr: "0.01" }, 'lr = "0.01": expected float from 0.00001 to 0.1'],
    ["a fraction for an int", { ...inside, n: 1.5 }, "n = 1.5: expected int from 1 to 8 in steps of 2"],
    ["an int off its step", { ...inside, n: 4 }, "n = 4: expected int from 1 to 8 in steps of 2"],
    ["a float off its step", { ...inside, drop: 0.15 }, "drop = 0.15: expected float from 0 to 0.3 in steps of 0.1"],
    ["null", { ...inside, lr: null }, "lr = null: expected float from 0.00001 to 0.1"],
    ["a boolean for a number", { ...inside, n: true }, "n = true: expected int from 1 to 8 in steps of 2"],
    [
      "an unknown choice",
      { ...inside, opt: "Adam" },
      'opt = "Adam": expected one of "adam", "sgd", [1,2], {"name":"own"}',
    ],
    [
      "a missing parameter",
      { lr: 0.01, n: 1, opt: "adam" },
      "drop is missing: expected float from 0 to 0.3 in steps of 0.1",
    ],
    [
      "a missing conditional that is active",
      { ...inside, opt: "sgd" },
      'mom is missing when opt is "sgd": expected float from 0 to 1',
    ],
    [
      "a conditional that is not active",
      { ...inside, mom: 0.5 },
      'mom = 0.5: mom exists only when opt is "sgd"; leave it out',
    ],
    ["a misspelt parameter", { ...inside, lrr: 1 }, '"lrr" is not a parameter of the space; did you mean lr?'],
    [
      "a parameter it does not know",
      { ...inside, temperature: 1 },
      '"temperature" is not a parameter of the space; the parameters are opt, mom, lr, n, drop',
    ],
  ])("refuses %s and says why", (_, spec, reason) => {
    expect(space.violation(spec)).toBe(reason);
  });

  test("names several mistakes at once, but does not blame the child of a wrong parent", () => {
    const reason = space.violation({ lr: 1, n: 9, opt: "none", mom: 3, drop: 0 });
    expect(reason?.split("; ").map((part) => part.split(" ")[0])).toEqual(["opt", "lr", "n"]);
  });

  test("keeps its reasons short and free of control characters, whatever was proposed", () => {
    const anything = fc.dictionary(fc.string({ unit: "binary" }), fc.jsonValue(), { maxKeys: 30 });
    fc.assert(
      fc.property(anything, (spec) => {
        const reason = space.violation(JSON.parse(JSON.stringify(spec)));
        expect(typeof reason).toBe("string");
        expect(reason?.length).toBeLessThan(2000);
        expect(reason).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e]/);
      }),
    );
    expect(
      space.violation(Object.fromEntries(Array.from({ length: 5000 }, (_, i) => [`p${i}`, i])))?.length,
    ).toBeLessThan(2000);
  });

  test("treats a parameter called like a built-in of objects as any other", () => {
    const odd = compileSpace(
      Object.fromEntries<SpaceOptions[string]>([
        ["constructor", { type: "int", low: 1, high: 2 }],
        ["toString", { type: "int", low: 1, high: 2, when: { constructor: 2 } }],
      ]),
    );
    expect(odd.violation({ constructor: 1 })).toBeNull();
    expect(odd.violation({})).toBe("constructor is missing: expected int from 1 to 2");
  });

  test("holds a list in `when` for alternatives, unless the list is itself a choice", () => {
    const listed = compileSpace({
      a: { type: "categorical", choices: [[1, 2], 1, 3] },
      b: { type: "int", low: 0, high: 1, when: { a: [1, 2] } },
      c: { type: "int", low: 0, high: 1, when: { a: [1, 3] } },
    });
    expect(listed.violation({ a: [1, 2], b: 0 })).toBeNull();
    expect(listed.violation({ a: 3, c: 0 })).toBeNull();
    expect(listed.violation({ a: 3, b: 0, c: 0 })).toMatch(/^b = 0: b exists only when/);
  });
});

describe("checking a space", () => {
  const float = { type: "float", low: 0, high: 1 } as const;

  test.each<readonly [string, SpaceOptions, string, RegExp]>([
    ["no parameters", {}, "", /no parameters/],
    ["low above high", { x: { type: "float", low: 2, high: 1 } }, "x.low", /low \(2\) is above high \(1\)/],
    [
      "a log scale from 0",
      { x: { type: "float", low: 0, high: 1, log: true } },
      "x.low",
      /log scale needs low above 0/,
    ],
    [
      "a bound that is not finite",
      { x: { type: "float", low: 0, high: Number.POSITIVE_INFINITY } },
      "x.high",
      /finite/,
    ],
    ["a range beyond floats", { x: { type: "float", low: -1e308, high: 1e308 } }, "x.high", /too wide/],
    [
      "an int bound with a fraction",
      { x: { type: "int", low: 0.5, high: 3 } },
      "x.low",
      /expected a whole number, got 0.5/,
    ],
    ["a step of 0", { x: { type: "int", low: 0, high: 3, step: 0 } }, "x.step", /above 0/],
    ["a step too small for doubles", { x: { type: "float", low: 1, high: 2, step: 1e-12 } }, "x.step", /too small/],
    ["a range with hardly a number in it", { x: { type: "float", low: 1, high: 1 + 1e-12 } }, "x.high", /too close/],
    ["no choices", { x: { type: "categorical", choices: [] } }, "x.choices", /at least one/],
    [
      "a choice listed twice",
      { x: { type: "categorical", choices: [{ a: 1, b: 2 }, "y", { b: 2, a: 1 }] } },
      "x.choices.2",
      /listed twice \(first as number 1\)/,
    ],
    [
      "a parent that does not exist",
      { lr: float, x: { ...float, when: { lrr: 1 } } },
      "x.when.lrr",
      /did you mean "lr"\?/,
    ],
    ["a float as parent", { lr: float, x: { ...float, when: { lr: 1 } } }, "x.when.lr", /is a float/],
    [
      "a value the parent never has",
      { o: { type: "categorical", choices: ["a", "b"] }, x: { ...float, when: { o: ["a", "c"] } } },
      "x.when.o",
      /o is never "c"; its choices are "a", "b"/,
    ],
    [
      "an int the parent never has",
      { o: { type: "int", low: 1, high: 3 }, x: { ...float, when: { o: 4 } } },
      "x.when.o",
      /never 4/,
    ],
    [
      "an empty list of values",
      { o: { type: "int", low: 1, high: 3 }, x: { ...float, when: { o: [] } } },
      "x.when.o",
      /at least one/,
    ],
    ["a name that proposals use themselves", { label: float }, "label", /meaning of its own/],
    ["a name that commands use themselves", { "aura.seed": float }, "aura.seed", /meaning of its own/],
    ["a name no placeholder can spell", { "learning rate": float }, "learning rate", /not a parameter name/],
  ])("finds %s", (_, given, path, message) => {
    expect(checkSpace(given)).toEqual([
      { path: path === "" ? "space" : `space.${path}`, message: expect.stringMatching(message) },
    ]);
  });

  test("finds a circle of conditions at each of its members", () => {
    const circle: SpaceOptions = {
      a: { type: "int", low: 0, high: 1, when: { b: 1 } },
      b: { type: "int", low: 0, high: 1, when: { a: 1 } },
      c: { type: "int", low: 0, high: 1, when: { a: 1 } },
    };
    expect(checkSpace(circle).map(({ path }) => path)).toEqual(["space.a.when", "space.b.when"]);
  });

  test("throws all problems at once, each at its place", () => {
    const broken: SpaceOptions = { x: { type: "float", low: 2, high: 1 }, y: { type: "categorical", choices: [] } };
    let thrown: unknown;
    try {
      compileSpace(broken);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(SpecError);
    expect(thrown instanceof SpecError && thrown.diagnostics.map(({ path }) => path)).toEqual([
      "space.x.low",
      "space.y.choices",
    ]);
  });

  test("does not take long over many conditions that share their parents", () => {
    const wide: Record<string, SpaceOptions[string]> = { p0: { type: "int", low: 0, high: 1 } };
    for (let i = 1; i < 60; i++) {
      const when = i === 1 ? { p0: 1 } : { [`p${i - 1}`]: 1, [`p${i - 2}`]: 1 };
      wide[`p${i}`] = { type: "int", low: 0, high: 1, when };
    }
    expect(checkSpace(wide)).toEqual([]);
  });

  test("agrees with its schema on what a well-formed space is", () => {
    const validate = compileSchema(spaceSchema);
    expect(validate(structuredClone(options))).toEqual([]);
    expect(validate({ x: { type: "float", low: 0, high: 1, lgo: true } })).toMatchObject([{ path: ["x", "lgo"] }]);
    expect(validate({ x: { type: "flaot", low: 0, high: 1 } })).toMatchObject([{ path: ["x", "type"] }]);
    expect(validate({ "learning rate": { type: "float", low: 0, high: 1 } })).toHaveLength(1);
  });
});
