import { describe, expect, it } from "vitest";
import type { JsonObject } from "../../../src/model/json.ts";
import { comparisonsOf, isBetter, LEAST_DELTA, parseMinDelta } from "../../../src/model/score.ts";

const up = { direction: "maximize", minDelta: { kind: "absolute", value: 0 } } as const;
const down = { direction: "minimize", minDelta: { kind: "absolute", value: 0 } } as const;

describe("comparing scores", () => {
  it("follows the direction and wants strictly better", () => {
    expect(isBetter(2, 1, up)).toBe(true);
    expect(isBetter(1, 1, up)).toBe(false);
    expect(isBetter(1, 2, down)).toBe(true);
    expect(isBetter(2, 1, down)).toBe(false);
  });

  it("lets any score beat none, also a bad one, and no score beat nothing", () => {
    expect(isBetter(-1e9, null, up)).toBe(true);
    expect(isBetter(null, null, up)).toBe(false);
    expect(isBetter(null, 1, down)).toBe(false);
    expect(isBetter(Number.NaN, null, up)).toBe(false);
  });

  it("wants more than an absolute min_delta", () => {
    const metric = { direction: "maximize", minDelta: { kind: "absolute", value: 0.5 } } as const;
    expect(isBetter(1.5, 1, metric)).toBe(false);
    expect(isBetter(1.75, 1, metric)).toBe(true);
  });

  it("takes a relative min_delta as a share of the incumbent's magnitude", () => {
    const metric = { direction: "minimize", minDelta: parseMinDelta("10%") } as const;
    expect(isBetter(-105, -100, metric)).toBe(false);
    expect(isBetter(-111, -100, metric)).toBe(true);
    expect(isBetter(95, 100, metric)).toBe(false);
    expect(isBetter(89, 100, metric)).toBe(true);
  });
});

describe("min_delta as written", () => {
  it.each([
    [undefined, { kind: "relative", value: 1e-9 }],
    ["2e-3", { kind: "absolute", value: 0.002 }],
    [0.001, { kind: "absolute", value: 0.001 }],
    ["0.001", { kind: "absolute", value: 0.001 }],
    ["3%", { kind: "relative", value: 0.03 }],
  ])("reads %s", (value, expected) => {
    expect(parseMinDelta(value)).toEqual(expected);
  });

  it.each([-1, Number.NaN, "three", "-3%", {}, true])("refuses %s", (value) => {
    expect(() => parseMinDelta(value)).toThrow(RangeError);
  });

  it("is read from a recorded spec without ever failing", () => {
    const recorded = (metric: JsonObject) => comparisonsOf({ spec: { metric } })("i00001-h000");
    expect(recorded({ direction: "minimize", min_delta: "5%" })).toEqual({
      direction: "minimize",
      minDelta: { kind: "relative", value: 0.05 },
    });
    expect(recorded({ min_delta: "many" })).toEqual({ direction: "maximize", minDelta: LEAST_DELTA });
  });

  it("is what it was in the iterations before it was changed", () => {
    const change = (from: number, before: number, after: number) => {
      return { from, fields: [{ path: "metric.min_delta", before, after }] };
    };
    const rules = comparisonsOf({ spec: { metric: { min_delta: 3 } }, changes: [change(3, 1, 2), change(5, 2, 3)] });
    const values = ["i00002-h000", "i00003-h000", "i00004-h009", "i00005-h000"].map((id) => rules(id).minDelta.value);
    expect(values).toEqual([1, 2, 2, 3]);
  });
});
