import { expect, test } from "vitest";
import { type Insight, standingInsights } from "../../../src/model/insight.ts";

const insight = (id: string, finding: string, more: Partial<Insight> = {}): Insight => {
  return { id, iteration: 1, finding, evidence: [], ...more };
};
const standing = (...insights: readonly Insight[]) => standingInsights(insights).map(({ id }) => id);

test("an insight stands until another replaces or retracts it", () => {
  const first = [insight("a", "wider is better"), insight("b", "deeper is worse")];
  expect(standing(...first)).toEqual(["a", "b"]);
  expect(standing(...first, insight("c", "wider is better up to 64", { replaces: ["a"] }))).toEqual(["b", "c"]);
  expect(standing(...first, insight("c", "noise", { retracts: ["b"] }))).toEqual(["a"]);
  expect(standing(...first, insight("c", "both", { replaces: ["a", "b"] }))).toEqual(["c"]);
});

test("the same finding stands once, as the last time and with the evidence of all; what was taken back may be found again", () => {
  const twice = [
    insight("a", "Wider is better.", { evidence: ["x"] }),
    insight("b", "wider is  better", { evidence: ["y"] }),
  ];
  expect(standingInsights(twice)).toEqual([{ ...twice[1], evidence: ["x", "y"] }]);
  expect(standing(...twice, insight("c", "no", { retracts: ["b"] }))).toEqual([]);
  expect(standing(...twice, insight("c", "no", { retracts: ["b"] }), insight("d", "Wider is better"))).toEqual(["d"]);
  expect(standing(insight("a", "lr of 0.5 is best"), insight("b", "lr of 0.05 is best"))).toEqual(["a", "b"]);
  expect(standing(insight("a", "lr < 0.5"), insight("b", "lr > 0.5"))).toEqual(["a", "b"]);
});
