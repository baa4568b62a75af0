import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { bestOf } from "../../../src/model/score.ts";
import { LiveBest } from "../../../src/pipeline/live-best.ts";

const metric = { direction: "maximize", minDelta: { kind: "absolute", value: 1 } } as const;
const everything = () => true;
const id = (n: number): string => `i00001-h${String(n).padStart(3, "0")}`;

describe("the best while an iteration runs", () => {
  test("is what the records say, in whatever order scores come, come again and go", () => {
    const change = fc.record({ n: fc.nat(9), score: fc.option(fc.integer({ min: 0, max: 6 })) });
    fc.assert(
      fc.property(fc.array(change, { maxLength: 30 }), (changes) => {
        const live = new LiveBest(metric, everything);
        live.settle([{ id: "i00000-h000", score: 2 }]);
        const recorded = new Map<string, { id: string; score: number | null }>([["", { id: "i00000-h000", score: 2 }]]);
        for (const { n, score } of changes) {
          live.scored(id(n), score);
          recorded.set(id(n), { id: id(n), score });
          const best = bestOf(recorded.values(), metric);
          expect(live.current).toEqual(best && { id: best.id, score: best.score });
        }
        const before = live.current;
        live.settle(
          [...recorded.values()].filter(({ id }) => id !== "i00000-h000").sort((a, b) => (a.id < b.id ? -1 : 1)),
        );
        expect(live.current).toEqual(before);
        expect(live.settled).toEqual(before);
      }),
    );
  });

  test("never is a hypothesis that does not count", () => {
    const live = new LiveBest(metric, (one) => one !== id(1));
    live.scored(id(0), 1);
    live.scored(id(1), 9);
    expect(live.current).toEqual({ id: id(0), score: 1 });
    live.settle([
      { id: id(0), score: 1 },
      { id: id(1), score: 9 },
    ]);
    expect(live.current).toEqual({ id: id(0), score: 1 });
  });

  test("keeps what later iterations have scored already when an earlier one is finished", () => {
    const live = new LiveBest(metric, everything);
    live.scored("i00002-h000", 9);
    live.scored(id(0), 1);
    live.settle([{ id: id(0), score: 1 }]);
    expect(live.settled).toEqual({ id: id(0), score: 1 });
    expect(live.current).toEqual({ id: "i00002-h000", score: 9 });
    live.forget("i00002-h000");
    expect(live.current).toEqual({ id: id(0), score: 1 });
  });

  test("may be below the top score, which min_delta has no say in and what does not count no part", () => {
    const live = new LiveBest(metric, (one) => one !== id(3));
    const scores = [5, 5.5, null, 9, 5.25];
    live.settle(scores.map((score, n) => ({ id: id(n), score })));
    expect([live.current?.score, live.top]).toEqual([5, { id: id(1), score: 5.5 }]);
  });
});
