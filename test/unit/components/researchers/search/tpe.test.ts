import { describe, expect, test } from "vitest";
import { ObservationLog } from "../../../../../src/components/researchers/search/observations.ts";
import type { Sampler } from "../../../../../src/components/researchers/search/sampler.ts";
import { randomSampler } from "../../../../../src/components/researchers/search/sampler.ts";
import { split, tpeSampler } from "../../../../../src/components/researchers/search/tpe.ts";
import { compileSpace, type Space } from "../../../../../src/components/space/space.ts";
import type { HistoryEntry } from "../../../../../src/kernel/context.ts";
import type { JsonObject } from "../../../../../src/model/json.ts";
import type { Direction } from "../../../../../src/model/settings.ts";
import { seededRng } from "../../../../../src/platform/rng.ts";
import { cpuTime } from "../../../../support/cpu-time.ts";
import { historyEntry } from "../../../../support/stage-context.ts";

const quadratic = compileSpace({ x: { type: "float", low: -5, high: 5 }, y: { type: "float", low: -5, high: 5 } });
const mixed = compileSpace({
  opt: { type: "categorical", choices: ["adam", "sgd", "rmsprop"] },
  lr: { type: "float", low: 1e-5, high: 1, log: true },
  momentum: { type: "float", low: 0, high: 1, when: { opt: "sgd" } },
  beta: { type: "float", low: 0.5, high: 1, when: { opt: ["adam", "rmsprop"] } },
  layers: { type: "int", low: 1, high: 8 },
});

function quadraticLoss(spec: JsonObject): number {
  return (Number(spec.x) - 1.3) ** 2 + (Number(spec.y) + 2.1) ** 2;
}

function mixedLoss(spec: JsonObject): number {
  const lr = Math.log10(Number(spec.lr));
  const layers = Number(spec.layers);
  return spec.opt === "sgd"
    ? (lr + 1.5) ** 2 + 4 * (Number(spec.momentum) - 0.9) ** 2 + 0.05 * (layers - 4) ** 2
    : 1 + (lr + 3) ** 2 + 10 * (Number(spec.beta) - 0.9) ** 2 + 0.05 * (layers - 6) ** 2;
}

/** The lowest loss that a search finds. */
function search(
  space: Space,
  sampler: Sampler,
  loss: (spec: JsonObject) => number,
  { seed = 0, evaluations = 60, batch = 1, direction = "minimize" as Direction } = {},
): number {
  const log = new ObservationLog(space, direction);
  const entries: HistoryEntry[] = [];
  let best = Number.POSITIVE_INFINITY;
  for (let iteration = 1; entries.length < evaluations; iteration++) {
    log.update(entries);
    for (const { spec } of sampler(log, batch, seededRng(seed).fork(`i${iteration}`)).draws) {
      const value = loss(spec);
      best = Math.min(best, value);
      entries.push(historyEntry(iteration, entries.length, spec, direction === "minimize" ? value : -value));
    }
  }
  return best;
}

function medianOverSeeds(run: (seed: number) => number): number {
  const values = Array.from({ length: 20 }, (_, seed) => run(seed)).sort((a, b) => a - b);
  return ((values[9] ?? 0) + (values[10] ?? 0)) / 2;
}

/** A log of `count` random configurations with their losses. */
function logOf(space: Space, loss: (spec: JsonObject) => number | null, count: number) {
  const empty = new ObservationLog(space, "minimize");
  const { draws } = randomSampler(space)(empty, count, seededRng(5));
  const entries = draws.map(({ spec }, index) => historyEntry(1, index, spec, loss(spec)));
  const log = new ObservationLog(space, "minimize");
  log.update(entries);
  return { log, entries };
}

describe("tpe", () => {
  test.each([
    ["a quadratic", quadratic, quadraticLoss, 1],
    ["a conditional function of mixed parameters", mixed, mixedLoss, 1],
    ["a quadratic, four at a time", quadratic, quadraticLoss, 4],
  ])("beats random search in the median of 20 seeds over 60 evaluations of %s", (_, space, loss, batch) => {
    const found = medianOverSeeds((seed) => search(space, tpeSampler(space), loss, { seed, batch }));
    const byChance = medianOverSeeds((seed) => search(space, randomSampler(space), loss, { seed, batch }));
    expect(found).toBeLessThan(byChance / 3);
  });

  test("follows the metric's direction", () => {
    const minimized = search(quadratic, tpeSampler(quadratic), quadraticLoss, { direction: "minimize" });
    const maximized = search(quadratic, tpeSampler(quadratic), quadraticLoss, { direction: "maximize" });
    expect(maximized).toBe(minimized);
  });

  test("starts with random proposals and says so", () => {
    const log = new ObservationLog(quadratic, "minimize");
    const { draws } = tpeSampler(quadratic)(log, 12, seededRng(1));
    expect(draws[0]?.rationale).toBe("random start 1 of 10");
    expect(draws[9]?.rationale).toBe("random start 10 of 10");
    expect(draws[10]?.rationale).toBe("tpe: highest expected improvement of 24 candidates");
  });

  test.each([1, 5, 10])("spreads its start over every axis and choice, %i at a time", (batch) => {
    const specs: JsonObject[] = [];
    const loss = (spec: JsonObject) => {
      specs.push(spec);
      return mixedLoss(spec);
    };
    search(mixed, tpeSampler(mixed), loss, { seed: 4, evaluations: 10, batch });
    const tenths = specs.map(({ lr }) => Math.floor((Math.log10(Number(lr)) + 5) * 2)).sort((a, b) => a - b);
    expect(tenths).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(new Set(specs.map(({ layers }) => layers)).size).toBe(8);
    const ofChoice = ["adam", "sgd", "rmsprop"].map((choice) => specs.filter(({ opt }) => opt === choice).length);
    expect(ofChoice.sort()).toEqual([3, 3, 4]);
    const momenta = specs.flatMap(({ momentum }) =>
      momentum === undefined ? [] : [Math.floor(Number(momentum) * 10)],
    );
    expect(new Set(momenta).size).toBe(momenta.length);
  });

  test("starts with each value of a stepped log axis as often as its stretch of it is long", () => {
    const space = compileSpace({
      n: { type: "int", low: 1, high: 64, log: true },
      x: { type: "float", low: 0, high: 1 },
    });
    const seen: number[] = [];
    const loss = ({ n }: JsonObject) => seen.push(Number(n));
    for (let seed = 0; seed < 100; seed++) search(space, tpeSampler(space), loss, { seed, evaluations: 10 });
    const ones = seen.filter((n) => n === 1).length / seen.length;
    expect(Math.abs(ones - Math.log(1.5 / 0.5) / Math.log(64.5 / 0.5))).toBeLessThan(0.03);
  });

  test("looks nearer to the best of the good ones than to the last of them", () => {
    const space = compileSpace({
      x: { type: "float", low: 0, high: 1 },
      choice: { type: "categorical", choices: ["a", "b"] },
    });
    const { log, entries } = logOf(space, () => 1, 28);
    const good = [
      historyEntry(2, 0, { x: 0.2, choice: "a" }, 0),
      historyEntry(2, 1, { x: 0.8, choice: "b" }, 0.1),
      historyEntry(2, 2, { x: 0.8001, choice: "b" }, 0.2),
    ];
    const nearBest = () => {
      const specs = Array.from(
        { length: 60 },
        (_, seed) => tpeSampler(space)(log, 1, seededRng(seed)).draws[0]?.spec ?? {},
      );
      return specs.filter(({ x, choice }) => Number(x) < 0.5 && choice === "a").length;
    };
    log.update([...entries, ...good]);
    const asItIs = nearBest();
    log.update([...entries, ...good.map((entry) => ({ ...entry, score: 0.3 - (entry.score ?? 0) }))]);
    expect(asItIs).toBeGreaterThan(nearBest());
  });

  test("keeps away from where experiments fail", () => {
    const space = compileSpace({ x: { type: "float", low: 0, high: 1 } });
    const { log } = logOf(space, ({ x }) => (Number(x) > 0.4 ? null : 1), 60);
    const xs = Array.from({ length: 20 }, (_, seed) => tpeSampler(space)(log, 1, seededRng(seed)).draws[0]?.spec.x);
    expect(xs.filter((x) => Number(x) > 0.45).length).toBeLessThanOrEqual(2);
  });

  test("still proposes when nothing ever got a score", () => {
    const { log } = logOf(mixed, () => null, 40);
    const { draws } = tpeSampler(mixed)(log, 5, seededRng(1));
    expect(draws).toHaveLength(5);
    for (const { spec } of draws) expect(mixed.violation(spec)).toBeNull();
  });

  test("spreads a batch out instead of proposing the same neighbourhood again and again", () => {
    const space = compileSpace({ x: { type: "float", low: 0, high: 1 } });
    const { log } = logOf(space, ({ x }) => Math.abs(Number(x) - 0.5), 30);
    const xs = tpeSampler(space)(log, 8, seededRng(2)).draws.map(({ spec }) => Number(spec.x));
    expect(Math.max(...xs) - Math.min(...xs)).toBeGreaterThan(0.1);
  });

  test("proposes, bit for bit, the same from a history that grew as from one that was read at once", () => {
    const sampler = tpeSampler(mixed);
    const { entries } = logOf(mixed, (spec) => (Number(spec.layers) === 8 ? null : mixedLoss(spec)), 400);
    const grown = new ObservationLog(mixed, "minimize");
    for (let length = 0; length <= entries.length; length += 7) {
      grown.update(entries.slice(0, length));
      const atOnce = new ObservationLog(mixed, "minimize");
      atOnce.update(JSON.parse(JSON.stringify(entries.slice(0, length))));
      expect(sampler(grown, 2, seededRng(length))).toEqual(tpeSampler(mixed)(atOnce, 2, seededRng(length)));
    }
  });

  test("reads the history anew when it is not a continuation, as after a rollback", () => {
    const { entries } = logOf(mixed, mixedLoss, 60);
    const log = new ObservationLog(mixed, "minimize");
    log.update(entries);
    const shorter = entries.filter((_, index) => index % 3 !== 0);
    log.update(shorter);
    const fresh = new ObservationLog(mixed, "minimize");
    fresh.update(shorter);
    expect(log.ranked).toEqual(fresh.ranked);
    expect(log.distinct).toBe(40);
  });

  test("learns from configurations inside the space only", () => {
    const log = new ObservationLog(quadratic, "maximize");
    log.update([
      historyEntry(0, 0, {}, 9),
      historyEntry(2, 0, { x: 2, y: 2 }, 1),
      historyEntry(2, 1, { x: 3, y: 3 }, 2),
      historyEntry(2, 2, { x: 99, y: 3 }, 3),
    ]);
    expect(log.ranked.map(({ spec }) => spec.x)).toEqual([3, 2]);
  });

  test("compares at most 25 good and 256 bad configurations however long the history is", () => {
    const { log } = logOf(quadratic, quadraticLoss, 3000);
    const pending = Array.from({ length: 300 }, (_, index) => ({ x: index, y: 0 }));
    const { good, bad } = split(log, pending);
    expect(good).toHaveLength(25);
    expect(bad.length).toBeLessThanOrEqual(256);
    expect(bad.length).toBeGreaterThan(200);
    expect(bad).toContain(pending.at(-1));
  });

  test("takes at most 10 ms for a proposal over five parameters after 10,000 observations", () => {
    const { log, entries } = logOf(mixed, mixedLoss, 10_000);
    const sampler = tpeSampler(mixed);
    const propose = (seed: number) => {
      log.update(entries);
      return sampler(log, 1, seededRng(seed));
    };
    for (let seed = 0; seed < 20; seed++) propose(seed);
    const times = Array.from({ length: 21 }, (_, seed) => {
      const start = cpuTime();
      propose(100 + seed);
      return cpuTime() - start;
    }).sort((a, b) => a - b);
    expect(times[10]).toBeLessThan(10);
  });
});
