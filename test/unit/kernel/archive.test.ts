import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Archive, type Candidate, countedAfter } from "../../../src/kernel/archive.ts";
import { isBetter, parseMinDelta } from "../../../src/model/score.ts";

const least = { direction: "maximize", minDelta: parseMinDelta(undefined) } as const;
const byOne = { direction: "maximize", minDelta: parseMinDelta(1) } as const;
const id = (n: number): string => `i00001-h${String(n).padStart(3, "0")}`;
const filled = (scores: readonly (number | null)[], rules: typeof least | typeof byOne = least): Archive<Candidate> => {
  const archive = new Archive<Candidate>(() => rules);
  for (const [n, score] of scores.entries()) archive.add({ id: id(n), score });
  return archive;
};

describe("the best of an archive", () => {
  test("is the fold in the order of ids, in whatever order entries come, come again and go", () => {
    const change = fc.record({ n: fc.nat(9), score: fc.option(fc.integer({ min: 0, max: 6 })), gone: fc.boolean() });
    fc.assert(
      fc.property(fc.array(change, { maxLength: 30 }), (changes) => {
        const archive = new Archive<Candidate>(() => byOne);
        const known = new Map<number, number | null>();
        for (const { n, score, gone } of changes) {
          if (gone) archive.remove(id(n));
          else archive.add({ id: id(n), score });
          if (gone) known.delete(n);
          else known.set(n, score);
          let best: { id: string; score: number } | null = null;
          for (const [at, value] of [...known].sort(([a], [b]) => a - b)) {
            if (value !== null && isBetter(value, best?.score ?? null, byOne)) best = { id: id(at), score: value };
          }
          expect(archive.best()).toEqual(best);
        }
      }),
    );
  });

  test("gives ties to the earlier id, comparing ids as numbers, and is null when nothing scored", () => {
    const archive = new Archive<Candidate>(() => least);
    expect(archive.best()).toBeNull();
    archive.add({ id: "i100000-h000", score: 3 });
    archive.add({ id: "i99999-h000", score: 3 });
    expect(archive.best()?.id).toBe("i99999-h000");
    expect(filled([null, null]).best()).toBeNull();
  });

  test("is nobody's for a rounding, and may be below another score by less than min_delta", () => {
    expect(filled([0.1 + 0.2, 0.3 + 1e-16, 0.3001]).best()?.id).toBe(id(2));
    expect(filled([5, 5.5, 6], byOne).best()?.id).toBe(id(0));
  });

  test("is never one that its evaluator said no to", () => {
    const archive = filled([1]);
    archive.add({ id: id(1), score: 9, vetoed: true });
    expect(archive.best()?.id).toBe(id(0));
  });

  test("goes by the rules of each hypothesis's own iteration", () => {
    const archive = new Archive<Candidate>((one) => (one < "i00002" ? byOne : least));
    for (const [one, score] of [
      ["i00001-h000", 1],
      ["i00001-h001", 1.5],
      ["i00002-h000", 1.6],
    ] as const)
      archive.add({ id: one, score });
    expect(archive.best()?.id).toBe("i00002-h000");
  });
});

describe("a rollback of an archive", () => {
  test("makes its hypothesis the best, also where an earlier one is better, and what came after leaves", () => {
    const archive = filled([9, 5, 7, 8]);
    archive.rollBack({ afterIteration: 1, hypothesisId: id(1) });
    expect(archive.best()).toEqual({ id: id(1), score: 5 });
    expect(archive.entries().map((entry) => entry.id)).toEqual([id(0), id(1)]);
    archive.add({ id: id(4), score: 99 });
    archive.add({ id: "i00002-h000", score: 6 });
    expect(archive.best()?.id).toBe("i00002-h000");
  });

  test("to one without a score leaves no best, and can itself be rolled back", () => {
    const archive = filled([1, null, 3]);
    archive.rollBack({ afterIteration: 1, hypothesisId: id(1) });
    expect(archive.best()).toBeNull();
    archive.rollBack({ afterIteration: 1, hypothesisId: id(2) });
    expect(archive.best()?.id).toBe(id(2));
    expect(archive.entries()).toHaveLength(3);
  });
});

describe("what counts after rollbacks", () => {
  const IDS = [1, 2, 3, 4, 5].flatMap((iteration) => [0, 1].map((index) => `i0000${iteration}-h00${index}`));
  const back = (hypothesisId: string, afterIteration: number) => ({ hypothesisId, afterIteration });
  const leftOut = (...rollbacks: readonly ReturnType<typeof back>[]): readonly string[] =>
    IDS.filter((id) => !countedAfter(rollbacks)(id)).map((id) => id.replaceAll("0", ""));

  test("without a rollback every hypothesis counts", () => {
    expect(leftOut()).toEqual([]);
  });

  test("a rollback leaves out what came after its hypothesis, and neither what came before nor what comes later", () => {
    expect(leftOut(back("i00002-h000", 3))).toEqual(["i2-h1", "i3-h", "i3-h1"]);
  });

  test("a rollback in the middle of an iteration leaves out the rest of it, whenever that is scored", () => {
    expect(leftOut(back("i00003-h000", 3))).toEqual(["i3-h1"]);
  });

  test("a later rollback further back leaves out more", () => {
    expect(leftOut(back("i00004-h000", 4), back("i00001-h001", 4))).toEqual([
      ...["i2-h", "i2-h1", "i3-h", "i3-h1", "i4-h", "i4-h1"],
    ]);
  });

  test("a rollback that is itself rolled back counts no more", () => {
    expect(leftOut(back("i00001-h000", 3), back("i00003-h001", 3))).toEqual([]);
    expect(leftOut(back("i00001-h000", 3), back("i00002-h000", 5))).toEqual([
      ...["i2-h1", "i3-h", "i3-h1", "i4-h", "i4-h1", "i5-h", "i5-h1"],
    ]);
  });

  test("a rollback to what came after another one leaves that one as it is", () => {
    expect(leftOut(back("i00001-h000", 3), back("i00004-h000", 5))).toEqual([
      ...["i1-h1", "i2-h", "i2-h1", "i3-h", "i3-h1", "i4-h1", "i5-h", "i5-h1"],
    ]);
  });
});
