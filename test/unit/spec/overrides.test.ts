import { describe, expect, it } from "vitest";
import { setWords } from "../../../src/pipeline/changes.ts";
import { overridePaths } from "../../../src/pipeline/options.ts";
import { applyOverrides, readOverrides } from "../../../src/spec/overrides.ts";

describe("--set", () => {
  it.each([
    ["stop.iterations=20", ["stop.iterations", 20]],
    ["researcher.space.lr.low=1e-5", ["researcher.space.lr.low", 1e-5]],
    ["goal=a = b", ["goal", "a = b"]],
    ["checks.0.command=[npm, test]", ["checks.0.command", ["npm", "test"]]],
    ["metric={ name: loss, direction: minimize }", ["metric", { name: "loss", direction: "minimize" }]],
    ["reviewer=null", ["reviewer", null]],
    ["goal=", ["goal", null]],
    ["goal=|\n  a\n  b", ["goal", "a\nb\n"]],
    ["goal=a\nseed=bad", ["goal", "a seed=bad"]],
    ['goal="7"', ["goal", "7"]],
  ])("%s is read as YAML", (text, expected) => {
    expect(readOverrides([text])).toEqual({ values: Object.fromEntries([expected]), problems: [] });
  });

  it.each([
    ["stop.iterations", "expected path=value"],
    ["=3", "expected path=value"],
    ["stop..iterations=3", "has an empty part"],
    ["goal=[1", "is not YAML"],
    ["goal=*a", "no anchor"],
    ["goal=a\u0000b", "NUL"],
    [`goal=${"[".repeat(5000)}`, "nested more than 64 levels deep"],
    [`constraints${".a".repeat(3000)}=1`, "more than 64 parts"],
    ["seed=99999999999999999999", "too large to be exact; the largest is 9007199254740991"],
    ["seed=.inf", "has to be finite"],
  ])("%s is refused", (text, reason) => {
    const { values, problems } = readOverrides([text]);
    expect(values).toEqual({});
    expect(problems).toEqual([expect.objectContaining({ file: "--set", message: expect.stringContaining(reason) })]);
  });
});

describe("overrides", () => {
  const spec = { name: "a", list: [{ b: 1 }, { b: 2 }], deep: { x: { y: 1 } } };

  it("replace what is at a path and leave the rest, and the original, alone", () => {
    const { value, findings } = applyOverrides(spec, { "list.1.b": 3, "list[0].b": 4, "deep.x": null, "new.key": [1] });
    expect(findings).toEqual([]);
    expect(value).toEqual({ name: "a", list: [{ b: 4 }, { b: 3 }], deep: { x: null }, new: { key: [1] } });
    expect(spec.list[0]).toEqual({ b: 1 });
  });

  it("append to a list at its end only", () => {
    expect(applyOverrides(spec, { "list.2": "c" }).value).toMatchObject({ list: [{ b: 1 }, { b: 2 }, "c"] });
    expect(applyOverrides(spec, { "list.4": "c" }).findings).toHaveLength(1);
    expect(applyOverrides(spec, { "list.b": "c" }).findings[0]?.message).toBe(
      'list is a list; its entries are 0 to 1, not "b"',
    );
  });

  it("say how to make a list that is not there", () => {
    expect(applyOverrides(spec, { "inputs.0": "x" }).findings[0]?.message).toBe(
      "there is no list inputs to put an entry into; write inputs=[value]",
    );
  });

  it("cannot reach a prototype", () => {
    const { findings } = applyOverrides(spec, { "__proto__.polluted": true, "deep.__proto__.polluted": true });
    expect(findings).toHaveLength(2);
    expect(Reflect.get({}, "polluted")).toBeUndefined();
  });

  it("stand behind the short flags", () => {
    expect(overridePaths({ maxIterations: 3, seed: 0 })).toEqual({ "stop.iterations": 3, seed: 0 });
  });
});

it("shows in quotes a text with a colon and a placeholder, which YAML takes for a mapping", () => {
  expect(readOverrides(["experimenter.command=echo acc: {x}"]).problems).toMatchObject([
    { message: 'YAML reads this as a mapping, for its colon before a space; put it in quotes: "echo acc: {x}"' },
  ]);
});

it("types overrides that are told so that they are read as what they were", () => {
  const texts = { text: "echo acc: {x}", digits: "123", word: "adam", path: "./a b.py", yes: "true", list: ["a", 1] };
  const typed = Object.entries(texts).map(([path, value]) => setWords({ [path]: value }));
  expect(typed).toContain(" --set word=adam");
  const read = typed.map((words) => words.replace(/^ --set '?/, "").replace(/'$/, ""));
  expect(readOverrides(read)).toEqual({ values: texts, problems: [] });
});
