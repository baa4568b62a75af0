import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { normalCdf, normalDraw, ParzenEstimator } from "../../../../../src/components/researchers/search/parzen.ts";
import { seededRng } from "../../../../../src/platform/rng.ts";

const points = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 40 });

describe("the normal distribution", () => {
  test.each([
    [0, 0.5],
    [1, 0.8413447460685429],
    [-1, 0.15865525393145707],
    [1.959963984540054, 0.975],
    [-3, 0.0013498980316300933],
    [9, 1],
    [-9, 0],
  ])("has the value of the tables at %f", (z, expected) => {
    expect(normalCdf(z)).toBeCloseTo(expected, 6);
  });

  test("is drawn from with mean 0 and variance 1", () => {
    const rng = seededRng(3);
    const draws = Array.from({ length: 20_000 }, () => normalDraw(rng));
    const mean = draws.reduce((sum, draw) => sum + draw, 0) / draws.length;
    const variance = draws.reduce((sum, draw) => sum + draw * draw, 0) / draws.length;
    expect(Math.abs(mean)).toBeLessThan(0.03);
    expect(Math.abs(variance - 1)).toBeLessThan(0.05);
  });
});

describe("the Parzen estimator", () => {
  test("is a probability distribution over its axis, whatever was observed", () => {
    fc.assert(
      fc.property(points, (observed) => {
        const estimator = new ParzenEstimator(observed, 0, 1);
        expect(estimator.mass(0, 1)).toBeCloseTo(1, 4);
        const cells = 2000;
        let integral = 0;
        for (let cell = 0; cell < cells; cell++) integral += estimator.density((cell + 0.5) / cells) / cells;
        expect(integral).toBeCloseTo(1, 2);
      }),
      { numRuns: 50 },
    );
  });

  test("draws inside its axis only, as often as its density says", () => {
    const estimator = new ParzenEstimator([0.1, 0.12, 0.9], 0, 1);
    const rng = seededRng(1);
    const draws = Array.from({ length: 20_000 }, () => estimator.draw(rng));
    expect(Math.min(...draws)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...draws)).toBeLessThanOrEqual(1);
    for (const [from, to] of [
      [0, 0.15],
      [0.15, 0.6],
      [0.6, 1],
    ] as const) {
      const share = draws.filter((place) => place >= from && place < to).length / draws.length;
      expect(Math.abs(share - estimator.mass(from, to))).toBeLessThan(0.015);
    }
  });

  test("never gives a place on its axis no chance at all", () => {
    const estimator = new ParzenEstimator(Array(25).fill(0), 0, 1);
    expect(estimator.density(1)).toBeGreaterThan(0.03);
  });

  /** Density where all of `count` observations are, at the middle of an axis, if their normals are that wide. */
  const peak = (count: number, width: number) => (1 + count / (width * Math.sqrt(2 * Math.PI))) / (count + 1);

  test("is narrower the more was observed in one place, down to 1/150 of the axis", () => {
    for (const [count, width] of [
      [2, 1 / 12],
      [8, 1 / 30],
      [100, 1 / 150],
    ] as const) {
      const estimator = new ParzenEstimator(Array(count).fill(0.5), 0, 1);
      expect(estimator.density(0.5)).toBeCloseTo(peak(count, width), 6);
    }
  });

  test("does not spread the outermost observations towards the ends of the axis, but a single one", () => {
    const several = new ParzenEstimator([0.5, 0.51, 0.52], 0, 1);
    expect(several.density(0)).toBeCloseTo(1 / 4, 6);
    expect(several.density(1)).toBeCloseTo(1 / 4, 6);
    const single = new ParzenEstimator([0.5], 0, 1);
    expect(single.density(0)).toBeGreaterThan(0.8);
  });

  test("gives each observation its weight, and the prior 1", () => {
    expect(new ParzenEstimator([0.5, 0.5], 0, 1, [5, 1]).density(0)).toBeCloseTo(1 / 7, 6);
    const estimator = new ParzenEstimator([0.95, 0.9, 0.3, 0.35], 0, 1, [8, 8, 1, 1]);
    expect(estimator.mass(0.5, 1)).toBeGreaterThan(2 * estimator.mass(0, 0.5));
    const rng = seededRng(1);
    const draws = Array.from({ length: 20_000 }, () => estimator.draw(rng));
    const share = draws.filter((place) => place > 0.5).length / draws.length;
    expect(Math.abs(share - estimator.mass(0.5, 1))).toBeLessThan(0.015);
  });
});
