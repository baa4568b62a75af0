import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { pearson, ranks } from "../../../../src/components/reviewers/effects.ts";

const spearman = (xs: readonly number[], ys: readonly number[]) => pearson(ranks(xs), ranks(ys));
const series = fc.array(fc.tuple(fc.integer({ min: -50, max: 50 }), fc.integer({ min: -50, max: 50 })), {
  maxLength: 30,
});

describe("correlation", () => {
  test("has the value of the textbook", () => {
    // Anscombe's first quartet, 1973.
    const xs = [10, 8, 13, 9, 11, 14, 6, 4, 12, 7, 5];
    const ys = [8.04, 6.95, 7.58, 8.81, 8.33, 9.96, 7.24, 4.26, 10.84, 4.82, 5.68];
    expect(pearson(xs, ys)).toBeCloseTo(0.81642, 5);
    expect(spearman(xs, ys)).toBeCloseTo(0.81818, 5);
  });

  test("gives equal values the mean of their ranks", () => {
    expect(ranks([3, 1, 3, 3, 2])).toEqual([4, 1, 4, 4, 2]);
  });

  test("is 1 for ranks that agree, -1 for ranks that are turned, null for what does not vary", () => {
    expect(spearman([1, 2, 3], [1, 10, 100])).toBeCloseTo(1, 12);
    expect(spearman([1, 2, 3], [1, -10, -100])).toBeCloseTo(-1, 12);
    expect(spearman([1, 1, 1], [1, 2, 3])).toBeNull();
    expect(pearson([], [])).toBeNull();
    expect(pearson([1e300, -1e300, 1], [1, 2, 3])).toBeNull();
  });

  test("stays in its bounds and does not depend on which series comes first", () => {
    fc.assert(
      fc.property(series, (pairs) => {
        const xs = pairs.map(([x]) => x);
        const ys = pairs.map(([, y]) => y);
        const correlation = spearman(xs, ys);
        if (correlation === null) return;
        expect(Math.abs(correlation)).toBeLessThanOrEqual(1);
        expect(spearman(ys, xs)).toBeCloseTo(correlation, 10);
      }),
    );
  });
});
