import fc from "fast-check";
import { expect, test } from "vitest";
import { seededRng, xoshiro128starstar } from "../../../src/platform/rng.ts";

test("the generator gives the published numbers for the published state", () => {
  const draw = xoshiro128starstar([1, 2, 3, 4]);
  expect(Array.from({ length: 10 }, draw)).toEqual([
    11520, 0, 5927040, 70819200, 2031721883, 1637235492, 1287239034, 3734860849, 3729100597, 4258142804,
  ]);
});

test("the numbers of a seed are the same in every version", () => {
  const rng = seededRng(7).fork("iteration-1/researcher");
  expect([rng.next(), rng.next(), rng.int(1000), rng.int(6)]).toMatchInlineSnapshot(`
    [
      0.5659817061000911,
      0.9461435080580546,
      249,
      2,
    ]
  `);
});

test("a fork does not depend on what was drawn before it", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0 }), fc.nat({ max: 50 }), fc.string(), (seed, draws, label) => {
      const used = seededRng(seed);
      for (let i = 0; i < draws; i++) used.next();
      expect(used.fork(label).next()).toBe(seededRng(seed).fork(label).next());
    }),
  );
});

test("streams of different labels and seeds differ", () => {
  const first = [
    seededRng(1),
    seededRng(2),
    seededRng(1).fork("a"),
    seededRng(1).fork("b"),
    seededRng(1).fork("a").fork("b"),
  ];
  expect(new Set(first.map((rng) => rng.next())).size).toBe(first.length);
});

test("numbers stay in their range", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0 }), fc.integer({ min: 1, max: 2 ** 32 }), (seed, max) => {
      const rng = seededRng(seed);
      const value = rng.int(max);
      expect(Number.isInteger(value) && value >= 0 && value < max).toBe(true);
      const unit = rng.next();
      expect(unit >= 0 && unit < 1).toBe(true);
    }),
  );
});

test("integers are spread evenly", () => {
  const rng = seededRng(3);
  const counts = [0, 0, 0, 0, 0, 0];
  for (let i = 0; i < 60_000; i++) {
    const face = rng.int(6);
    counts[face] = (counts[face] ?? 0) + 1;
  }
  for (const count of counts) expect(Math.abs(count - 10_000)).toBeLessThan(500);
});

test("a range that is no range is refused", () => {
  for (const max of [0, -1, 1.5, Number.NaN, 2 ** 33]) expect(() => seededRng(1).int(max)).toThrow(RangeError);
});
