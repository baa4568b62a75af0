import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { bestOf, comparisonOf, isBetter, parseMinDelta } from "../../../src/model/score.ts";

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

describe("the best of many", () => {
  it("gives ties to the earlier id, comparing ids as numbers", () => {
    const entries = [
      { id: "i100000-h000", score: 3 },
      { id: "i99999-h000", score: 3 },
      { id: "i99999-h001", score: null },
    ];
    expect(bestOf(entries, up)?.id).toBe("i99999-h000");
  });

  it("is null when nothing scored", () => {
    expect(bestOf([{ id: "i00001-h000", score: null }], up)).toBeNull();
    expect(bestOf([], up)).toBeNull();
  });

  it("does not depend on the order in which results arrive", () => {
    const entry = fc.record({
      iteration: fc.integer({ min: 1, max: 20 }),
      index: fc.integer({ min: 0, max: 9 }),
      score: fc.option(fc.double({ noNaN: true, noDefaultInfinity: true })),
    });
    fc.assert(
      fc.property(fc.uniqueArray(entry, { selector: (e) => `${e.iteration}/${e.index}` }), (drawn) => {
        const entries = drawn.map((e) => ({ id: `i${e.iteration}-h${e.index}`, score: e.score }));
        const metric = { direction: "maximize", minDelta: parseMinDelta("3%") } as const;
        expect(bestOf(entries.toReversed(), metric)).toEqual(bestOf(entries, metric));
      }),
    );
  });
});

describe("min_delta as written", () => {
  it.each([
    [undefined, { kind: "absolute", value: 0 }],
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
    expect(comparisonOf({ metric: { direction: "minimize", min_delta: "5%" } })).toEqual({
      direction: "minimize",
      minDelta: { kind: "relative", value: 0.05 },
    });
    expect(comparisonOf({ metric: { min_delta: "many" } })).toEqual(up);
    expect(comparisonOf({})).toEqual(up);
  });
});
