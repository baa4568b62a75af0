import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { gridSampler } from "../../../../../src/components/researchers/search/grid.ts";
import { ObservationLog } from "../../../../../src/components/researchers/search/observations.ts";
import type { Sampler } from "../../../../../src/components/researchers/search/sampler.ts";
import { randomSampler } from "../../../../../src/components/researchers/search/sampler.ts";
import { tpeSampler } from "../../../../../src/components/researchers/search/tpe.ts";
import { compileSpace, type Space, type SpaceOptions } from "../../../../../src/components/space/space.ts";
import type { HistoryEntry } from "../../../../../src/kernel/context.ts";
import { canonicalJson, type JsonObject, type JsonValue } from "../../../../../src/model/json.ts";
import { seededRng } from "../../../../../src/platform/rng.ts";
import { anySpace, finiteSpace, valuesOf } from "../../../../support/spaces.ts";
import { historyEntry } from "../../../../support/stage-context.ts";

const METHODS: readonly (readonly [string, (space: Space) => Sampler])[] = [
  ["random", randomSampler],
  ["tpe", tpeSampler],
  ["grid", gridSampler],
];

/** Runs a search over some iterations; the score of a hypothesis depends on its spec only, every fifth has none. */
function search(space: Space, sampler: Sampler, sizes: readonly number[], seed = 1) {
  const log = new ObservationLog(space, "maximize");
  const entries: HistoryEntry[] = [];
  let exhausted = false;
  for (const [iteration, count] of sizes.entries()) {
    log.update(entries);
    const batch = sampler(log, count, seededRng(seed).fork(`iteration-${iteration}`));
    for (const [index, { spec }] of batch.draws.entries()) {
      entries.push(historyEntry(iteration + 1, index, spec, entries.length % 5 === 4 ? null : scoreOf(spec)));
    }
    exhausted = batch.exhausted;
    if (exhausted) break;
  }
  return { entries, specs: entries.map(({ spec }) => spec), exhausted };
}

function scoreOf(spec: JsonObject): number {
  return Object.values(spec).reduce<number>((sum, value) => sum + (typeof value === "number" ? Math.sin(value) : 1), 0);
}

/** Every configuration of a space with few values, found the slow way. */
function everyConfiguration(options: SpaceOptions): ReadonlySet<string> {
  const space = compileSpace(options);
  let partial: JsonObject[] = [{}];
  for (const [name, parameter] of Object.entries(options)) {
    partial = partial.flatMap((spec) => [
      spec,
      ...valuesOf(parameter).map((value: JsonValue) => ({ ...spec, [name]: value })),
    ]);
  }
  return new Set(partial.filter((spec) => space.violation(spec) === null).map(canonicalJson));
}

test("a step whose values need every digit of a double gives values on it", () => {
  const step = 5.000000499855162e-7;
  const space = compileSpace({ p0: { type: "float", low: 10, high: 10.000010000001, log: true, step } });
  const specs = METHODS.flatMap(([, make]) => search(space, make(space), Array(21).fill(1)).specs);
  expect(specs.length).toBeGreaterThan(40);
  for (const spec of specs) expect(space.violation(spec)).toBeNull();
});

describe.each(METHODS)("%s", (_, make) => {
  test("proposes only what is inside the space, and never the same twice", () => {
    fc.assert(
      fc.property(anySpace, fc.integer({ min: 0, max: 1000 }), (options, seed) => {
        const space = compileSpace(options);
        const hasGrid = space.parameters.every(({ size }) => size <= 1000 || size === Number.POSITIVE_INFINITY);
        fc.pre(make !== METHODS[2]?.[1] || hasGrid);
        const { specs } = search(space, make(space), [3, 5, 4], seed);
        for (const spec of specs) expect(space.violation(spec)).toBeNull();
        expect(new Set(specs.map(canonicalJson)).size).toBe(specs.length);
        expect(JSON.parse(JSON.stringify(specs))).toEqual(specs);
      }),
      { numRuns: 60 },
    );
  });

  test("goes through a finite space once and says with the last proposal that it is the last", () => {
    fc.assert(
      fc.property(finiteSpace, fc.integer({ min: 1, max: 7 }), (options, count) => {
        const all = everyConfiguration(options);
        fc.pre(all.size <= 200);
        const space = compileSpace(options);
        const { specs, exhausted } = search(space, make(space), Array(all.size + 1).fill(count));
        expect(specs.length).toBe(all.size);
        expect(new Set(specs.map(canonicalJson))).toEqual(all);
        expect(exhausted).toBe(true);
      }),
      { numRuns: 25 },
    );
  });

  test("proposes the same after a resume as it would have without", () => {
    fc.assert(
      fc.property(
        anySpace,
        fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 2, maxLength: 6 }),
        (options, sizes) => {
          const space = compileSpace(options);
          fc.pre(space.parameters.every(({ size }) => size <= 1000 || size === Number.POSITIVE_INFINITY));
          const { entries } = search(space, make(space), sizes);
          for (let done = 0; done < sizes.length; done++) {
            const kept = entries.filter(({ iteration }) => iteration <= done);
            const reread: HistoryEntry[] = JSON.parse(JSON.stringify(kept));
            const log = new ObservationLog(space, "maximize");
            log.update(reread);
            const batch = make(space)(log, sizes[done] ?? 1, seededRng(1).fork(`iteration-${done}`));
            const undisturbed = entries.filter(({ iteration }) => iteration === done + 1).map(({ spec }) => spec);
            expect(batch.draws.map(({ spec }) => spec)).toEqual(undisturbed);
          }
        },
      ),
      { numRuns: 25 },
    );
  });
});

describe("grid", () => {
  test("takes the values of a step, five points of a float without one, and lets the last parameter change fastest", () => {
    const space = compileSpace({
      lr: { type: "float", low: 1e-4, high: 1, log: true },
      n: { type: "int", low: 1, high: 4, step: 3 },
    });
    const { specs } = search(space, gridSampler(space), [100]);
    expect(specs.map(({ lr, n }) => `${lr} ${n}`)).toEqual(
      [0.0001, 0.001, 0.01, 0.1, 1].flatMap((lr) => [`${lr} 1`, `${lr} 4`]),
    );
  });

  test("multiplies a conditional parameter only where it is active", () => {
    const space = compileSpace({
      opt: { type: "categorical", choices: ["adam", "sgd"] },
      mom: { type: "float", low: 0, high: 1, step: 0.5, when: { opt: "sgd" } },
    });
    expect(search(space, gridSampler(space), [100]).specs).toEqual([
      { opt: "adam" },
      { opt: "sgd", mom: 0 },
      { opt: "sgd", mom: 0.5 },
      { opt: "sgd", mom: 1 },
    ]);
  });

  test("proposes again what a cut batch never ran", () => {
    const space = compileSpace({ n: { type: "int", low: 1, high: 9 } });
    const sampler = gridSampler(space);
    const log = new ObservationLog(space, "maximize");
    log.update([]);
    expect(sampler(log, 4, seededRng(1)).draws.map(({ spec }) => spec.n)).toEqual([1, 2, 3, 4]);
    log.update([historyEntry(1, 0, { n: 1 }, 1), historyEntry(1, 1, { n: 2 }, 1)]);
    expect(sampler(log, 3, seededRng(1)).draws.map(({ spec }) => spec.n)).toEqual([3, 4, 5]);
  });
});

describe("random", () => {
  test("gives each value of an int its fair share, ends included", () => {
    const space = compileSpace({ n: { type: "int", low: 1, high: 4 }, x: { type: "float", low: 0, high: 1 } });
    const { specs } = search(space, randomSampler(space), [4000]);
    for (const n of [1, 2, 3, 4]) {
      const share = specs.filter((spec) => spec.n === n).length / specs.length;
      expect(share).toBeGreaterThan(0.22);
      expect(share).toBeLessThan(0.28);
    }
  });

  test("draws log parameters evenly over their decades", () => {
    const space = compileSpace({ lr: { type: "float", low: 1e-4, high: 1, log: true } });
    const { specs } = search(space, randomSampler(space), [2000]);
    const below = specs.filter(({ lr }) => typeof lr === "number" && lr < 1e-2).length / specs.length;
    expect(below).toBeGreaterThan(0.46);
    expect(below).toBeLessThan(0.54);
  });

  test("writes floats with at most six significant digits", () => {
    const space = compileSpace({ lr: { type: "float", low: 1e-5, high: 0.1, log: true } });
    for (const { lr } of search(space, randomSampler(space), [200]).specs) {
      expect(Number(Number(lr).toPrecision(6))).toBe(lr);
    }
  });

  test("does not change a parameter's draws when another is added", () => {
    const x: SpaceOptions[string] = { type: "float", low: 0, high: 1 };
    const alone = compileSpace({ x });
    const together = compileSpace({ a: x, x });
    const xs = (space: Space) => search(space, randomSampler(space), [5]).specs.map((spec) => spec.x);
    expect(xs(together)).toEqual(xs(alone));
  });
});
