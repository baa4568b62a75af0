import { describe, expect, it } from "vitest";
import { SpecError } from "../../../src/kernel/errors.ts";
import { applyOverrides, flagOverrides, parseOverride } from "../../../src/spec/overrides.ts";

describe("--set", () => {
  it.each([
    ["stop.iterations=20", ["stop.iterations", 20]],
    ["researcher.space.lr.low=1e-5", ["researcher.space.lr.low", 1e-5]],
    ["goal=a = b", ["goal", "a = b"]],
    ["checks.0.command=[npm, test]", ["checks.0.command", ["npm", "test"]]],
    ["metric={ name: loss, direction: minimize }", ["metric", { name: "loss", direction: "minimize" }]],
    ["reviewer=null", ["reviewer", null]],
    ["goal=", ["goal", null]],
    ['goal="7"', ["goal", "7"]],
  ])("%s is read as YAML", (text, expected) => {
    expect(parseOverride(text)).toEqual(expected);
  });

  it.each([
    ["stop.iterations", "expected path=value"],
    ["=3", "expected path=value"],
    ["stop..iterations=3", "has an empty part"],
    ["goal=[1", "is not YAML"],
    ["goal=*a", "no anchor"],
    [`goal=${"[".repeat(500)}`, "is not YAML"],
  ])("%s is refused", (text, reason) => {
    expect(() => parseOverride(text)).toThrow(SpecError);
    expect(() => parseOverride(text)).toThrow(reason);
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

  it("cannot reach a prototype", () => {
    const { findings } = applyOverrides(spec, { "__proto__.polluted": true, "deep.__proto__.polluted": true });
    expect(findings).toHaveLength(2);
    expect(Reflect.get({}, "polluted")).toBeUndefined();
  });

  it("stand behind the short flags", () => {
    expect(flagOverrides({ maxIterations: 3, seed: 0 })).toEqual({ "stop.iterations": 3, seed: 0 });
  });
});
