import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { NoReviewer } from "../../../../src/components/reviewers/none.ts";
import { StatsReviewer } from "../../../../src/components/reviewers/stats.ts";
import type { HistoryEntry } from "../../../../src/kernel/context.ts";
import { seededRng } from "../../../../src/platform/rng.ts";
import { cpuTime } from "../../../support/cpu-time.ts";
import { historyEntry, stageContext, stageResults } from "../../../support/stage-context.ts";

const reviewer = new StatsReviewer();

/** Ten scored hypotheses in which a higher `lr` and `sgd` do better. */
const entries: readonly HistoryEntry[] = Array.from({ length: 10 }, (_, index) => {
  const spec = { lr: 10 ** (index / 2 - 5), layers: (index * 7) % 5, opt: index % 3 === 0 ? "adam" : "sgd" };
  return historyEntry(1, index, spec, index / 10 + (index % 3 === 0 ? 0 : 0.5));
});

async function review(batch: Parameters<StatsReviewer["review"]>[0], context: Parameters<typeof stageContext>[0] = {}) {
  return reviewer.review(batch, stageContext({ iteration: 2, ...context }));
}

describe("the stats reviewer", () => {
  test("tells ranks, the best so far, failures, correlations, the best range and means by choice", async () => {
    const findings = await review(
      [
        stageResults("i00002-h000", { lr: 0.05, layers: 2, opt: "sgd" }, 1.6),
        stageResults("i00002-h001", { lr: 1e-5, layers: 2, opt: "adam" }, 0),
        stageResults("i00002-h002", { lr: 1, layers: 2, opt: "sgd" }, null, "exited with 1"),
      ],
      { entries },
    );
    expect(findings).toEqual([
      {
        finding:
          "2 of 3 hypotheses of iteration 2 have a score; accuracy: i00002-h000 1.600 (rank 1 of 12), i00002-h001 0 (rank 11 of 12).",
        evidence: ["i00002-h000", "i00002-h001"],
      },
      {
        finding: "Best of 12 scored so far: i00002-h000, accuracy 1.600 with lr=0.05 layers=2 opt=sgd.",
        evidence: ["i00002-h000"],
      },
      { finding: "1 of 3 have no score: exited with 1.", evidence: ["i00002-h002"] },
      {
        finding: expect.stringMatching(
          /^Rank correlation with accuracy: lr \+0\.8\d \(n=12\), layers [+-]0\.\d\d \(n=12\)\.$/,
        ),
      },
      {
        finding: expect.stringMatching(
          /^Higher lr goes with higher accuracy; the best 3 of 12 have lr 0\.03162 to 0\.1, tried were 0\.00001 to 0\.3162\.$/,
        ),
        recommendation: "Prefer lr 0.03162 to 0.1.",
        evidence: ["i00002-h000", "i00001-h008", "i00001-h007"],
      },
      {
        finding: expect.stringMatching(/^Mean accuracy by choice: opt: sgd 1\.\d+ \(n=7\), adam 0\.\d+ \(n=5\)\.$/),
        recommendation: "Prefer opt=sgd.",
      },
    ]);
  });

  test("names what may be the cause in its place, and recommends nothing of it", async () => {
    const rng = seededRng(5);
    const known = Array.from({ length: 24 }, (_, index) => {
      const opt = index % 2 === 0 ? "sgd" : "adam";
      const lr = (opt === "sgd" ? 0.5 : 0) + 0.4 * rng.next();
      return historyEntry(
        1,
        index,
        { opt, lr, twin: lr * 3 + 0.2 * rng.next() },
        (opt === "sgd" ? 1 : 0) + 0.1 * rng.next(),
      );
    });
    const findings = await review([stageResults("i00002-h000", { opt: "sgd", lr: 0.6, twin: 1.9 }, 1.05)], {
      entries: known,
    });
    const text = findings.map(({ finding, recommendation = "" }) => `${finding} ${recommendation}`).join("\n");
    expect(text).toMatch(/lr \+0\.\d\d \(n=25; [+-]?0\.\d\d where opt is the same\)/);
    expect(text).not.toMatch(/Prefer (lr|twin)/);
    expect(text).toContain("Prefer opt=sgd.");
  });

  test("prefers neither of two parameters that always change together", async () => {
    const known = Array.from({ length: 16 }, (_, index) =>
      historyEntry(
        1,
        index,
        { lr: [0.1, 0.3, 0.7][index % 3] ?? 0, size: ["s", "m", "l"][index % 3] ?? "" },
        index % 3,
      ),
    );
    const findings = await review([stageResults("i00002-h000", { lr: 0.7, size: "l" }, 2)], { entries: known });
    expect(findings.some(({ recommendation }) => recommendation !== undefined)).toBe(false);
    expect(findings.map(({ finding }) => finding).join()).toMatch(
      /0\.00 where size is the same.*0% of the variance, not 100%, where lr/,
    );
  });

  test("ranks the smallest first when the metric is minimized", async () => {
    const batch = [stageResults("i00002-h000", { lr: 1 }, 5), stageResults("i00002-h001", { lr: 2 }, 0.01)];
    const findings = await review(batch, { entries, direction: "minimize" });
    expect(findings[0]?.finding).toContain("i00002-h001 0.0100 (rank 2 of 12), i00002-h000 5 (rank 12 of 12)");
    expect(findings[1]?.finding).toMatch(/^Best of 12 scored so far: i00002-h001/);
  });

  test("says nothing about parameters while there are too few scores", async () => {
    const findings = await review([
      stageResults("i00002-h000", { lr: 1 }, 5),
      stageResults("i00002-h001", { lr: 2 }, 6),
    ]);
    expect(findings).toHaveLength(2);
  });

  test("recommends nothing that may well be chance", async () => {
    const rng = seededRng(11);
    const noise = Array.from({ length: 8 }, (_, index) =>
      historyEntry(1, index, { a: rng.next(), opt: index % 2 === 0 ? "x" : "y" }, index % 4),
    );
    const findings = await review([stageResults("i00002-h000", { a: 0.5, opt: "x" }, 1.5)], { entries: noise });
    expect(findings.some(({ recommendation }) => recommendation !== undefined)).toBe(false);
  });

  test("takes the best of the run from the history, however long ago it was", async () => {
    const best = historyEntry(1, 0, { lr: 0.5 }, 99);
    const findings = await review([stageResults("i00002-h000", { lr: 1 }, 0.1)], { best });
    expect(findings[1]).toMatchObject({ evidence: [best.id] });
  });

  test("tells why nothing has a score", async () => {
    const batch = [0, 1, 2].map((index) =>
      stageResults(`i00002-h00${index}`, { lr: 1 }, null, index === 0 ? "timed out\u001b[31m" : "no metric"),
    );
    expect(await review(batch)).toEqual([
      {
        finding: "3 of 3 have no score: no metric (2 times); timed out.",
        evidence: ["i00002-h000", "i00002-h001", "i00002-h002"],
      },
    ]);
  });

  test("finds nothing in an empty batch", async () => {
    expect(await review([])).toEqual([]);
  });

  test("stays short and free of control characters, whatever parameters were proposed", async () => {
    const anySpec = fc.dictionary(fc.string({ unit: "binary", maxLength: 60 }), fc.jsonValue(), { maxKeys: 60 });
    const score = fc.option(fc.double({ noNaN: true, noDefaultInfinity: true }));
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(anySpec, score), { maxLength: 12 }), async (results) => {
        const batch = results.map(([spec, value], index) =>
          stageResults(`i00002-h${index}`, JSON.parse(JSON.stringify(spec)), value, "\u001b]0;x\u0007 failed"),
        );
        const findings = await review(batch, { entries });
        expect(findings.length).toBeLessThanOrEqual(6);
        for (const { finding, recommendation = "", evidence = [] } of findings) {
          expect(finding.length + recommendation.length).toBeLessThan(4000);
          expect(finding + recommendation).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e]|NaN/);
          expect(evidence.length).toBeLessThanOrEqual(10);
        }
      }),
      { numRuns: 60 },
    );
  });

  test("looks at the latest 2,000 scores only, so that a review of a long run stays cheap", async () => {
    const rng = seededRng(1);
    const long = Array.from({ length: 50_000 }, (_, index) =>
      historyEntry(1, index, { a: rng.next(), b: rng.next(), c: rng.next() }, rng.next()),
    );
    const batch = [stageResults("i00002-h000", { a: 1, b: 1, c: 1 }, 0.5)];
    const fastest = async (history: readonly HistoryEntry[]) => {
      const times: number[] = [];
      for (let round = 0; round < 5; round++) {
        const start = cpuTime();
        await review(batch, { entries: history });
        times.push(cpuTime() - start);
      }
      return Math.min(...times);
    };
    expect(await fastest(long)).toBeLessThan(4 * (await fastest(long.slice(-2000))) + 5);
    const findings = await review(batch, { entries: long });
    expect(findings[0]?.finding).toMatch(/of 2000\)/);
  });
});

test("the none reviewer finds nothing", async () => {
  expect(await new NoReviewer().review()).toEqual([]);
});
