import { describe, expect, test } from "vitest";
import { SearchResearcher, searchResearcher } from "../../../../src/components/researchers/search.ts";
import type { SpaceOptions } from "../../../../src/components/space/space.ts";
import type { HistoryEntry } from "../../../../src/kernel/context.ts";
import { SpecError, UsageError } from "../../../../src/kernel/errors.ts";
import { compileSchema } from "../../../../src/schema/validate.ts";
import { historyEntry, stageContext } from "../../../support/stage-context.ts";

const space: SpaceOptions = {
  lr: { type: "float", low: 1e-5, high: 0.1, log: true },
  opt: { type: "categorical", choices: ["adam", "sgd"] },
};

async function propose(researcher: SearchResearcher, entries: readonly HistoryEntry[], iteration: number, count = 2) {
  return researcher.hypothesize({ ...stageContext({ entries, iteration }), count });
}

describe("the search researcher", () => {
  test("asks for one hypothesis an iteration and uses TPE unless told otherwise", async () => {
    const researcher = new SearchResearcher({ space });
    expect(researcher.numTasks).toBe(1);
    const entries = Array.from({ length: 10 }, (_, n) => historyEntry(1, n, { lr: 0.01, opt: "sgd" }, n));
    const { proposals } = await propose(researcher, entries, 2, 1);
    expect(proposals[0]?.rationale).toMatch(/^tpe: /);
  });

  test("continues over iterations as a new one does that is given the same history", async () => {
    const lasting = new SearchResearcher({ space });
    const entries: HistoryEntry[] = [historyEntry(0, 0, {}, 0.5)];
    for (let iteration = 1; iteration <= 12; iteration++) {
      const { proposals, exhausted } = await propose(lasting, entries, iteration);
      const fresh = await propose(new SearchResearcher({ space }), structuredClone(entries), iteration);
      expect(proposals).toEqual(fresh.proposals);
      expect(exhausted).toBeUndefined();
      for (const [index, { spec }] of proposals.entries()) {
        entries.push(historyEntry(iteration, index, spec, Math.abs(Math.log10(Number(spec.lr)) + 3)));
      }
    }
  });

  test("does not depend on the order in which the space lists its parameters", async () => {
    const turned: SpaceOptions = Object.fromEntries(Object.entries(space).reverse());
    const one = await propose(new SearchResearcher({ space, method: "random" }), [], 1);
    const other = await propose(new SearchResearcher({ space: turned, method: "random" }), [], 1);
    expect(one.proposals).toEqual(other.proposals);
  });

  test("ends with the last point of a grid", async () => {
    const researcher = new SearchResearcher({ space: { n: { type: "int", low: 1, high: 3 } }, method: "grid" });
    const first = await propose(researcher, [], 1, 2);
    expect(first).toMatchObject({ proposals: [{ spec: { n: 1 } }, { spec: { n: 2 } }] });
    expect(first.exhausted).toBeUndefined();
    const entries = first.proposals.map(({ spec }, index) => historyEntry(1, index, spec, 1));
    const second = await propose(researcher, entries, 2, 2);
    expect(second).toMatchObject({ proposals: [{ spec: { n: 3 } }], exhausted: true });
  });

  test("refuses an unusable space with every problem", () => {
    const broken: SpaceOptions = { a: { type: "float", low: 1, high: 0 }, b: { type: "categorical", choices: [] } };
    expect(() => new SearchResearcher({ space: broken })).toThrow(SpecError);
    expect(() => new SearchResearcher({ space: broken })).toThrow(/space\.a\.low: .*\n.*space\.b\.choices: /);
  });

  test("refuses a grid over too many values and proposes a step", () => {
    const wide: SpaceOptions = { n: { type: "int", low: 1, high: 100_000 } };
    expect(() => new SearchResearcher({ space: wide, method: "grid" })).toThrow(/space\.n: .*coarser step.*step: 1000/);
    expect(() => new SearchResearcher({ space: wide, method: "random" })).not.toThrow();
  });

  test("refuses to be asked for none", () => {
    expect(() => new SearchResearcher({ space, numTasks: 0 })).toThrow(UsageError);
  });
});

describe("the search component", () => {
  const validate = compileSchema(searchResearcher.options);

  test("has a valid example with no problems", () => {
    expect(validate(structuredClone(searchResearcher.example))).toEqual([]);
    expect(searchResearcher.check?.(searchResearcher.example)).toEqual([]);
  });

  test("fills in its defaults", () => {
    const options = { space: structuredClone(space) };
    expect(validate(options)).toEqual([]);
    expect(options).toMatchObject({ method: "tpe", num_tasks: 1 });
  });

  test("reports problems of the space where they are", () => {
    const broken = { ...searchResearcher.example, space: { lr: { type: "float", low: 2, high: 1 } } } as const;
    expect(searchResearcher.check?.(broken)).toMatchObject([{ path: "space.lr.low" }]);
  });
});
