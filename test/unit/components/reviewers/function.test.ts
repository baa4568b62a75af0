import { describe, expect, test } from "vitest";
import { builtins } from "../../../../src/components/builtins.ts";
import { asReviewer, FunctionReviewer, type ReviewerFunction } from "../../../../src/components/reviewers/function.ts";
import type { AuraEventBody } from "../../../../src/kernel/events.ts";
import { stageContext, stageResults } from "../../../support/stage-context.ts";
import { testFolder } from "../../../support/test-folder.ts";

const folder = testFolder();

const batch = [stageResults("i00001-h000", { lr: 1 }, 0.5)];

async function review(fn: ReviewerFunction, events: AuraEventBody[] = []) {
  return asReviewer(fn).review(batch, stageContext({ events }));
}

describe("a function as reviewer", () => {
  test("gives texts or findings, one or several", async () => {
    expect(await review(([first]) => `best is ${first?.hypothesis.id}`)).toEqual([{ finding: "best is i00001-h000" }]);
    expect(await review(async () => ["a first one", { finding: "a second", recommendation: "go on" }])).toEqual([
      { finding: "a first one" },
      { finding: "a second", recommendation: "go on" },
    ]);
    expect(await review(() => ({ finding: "alone", evidence: ["i00001-h000", "i00009-h009"] }))).toEqual([
      { finding: "alone", evidence: ["i00001-h000"] },
    ]);
  });

  test.each([[undefined], [null], [[]], [""]])("may find nothing, with %o", async (nothing) => {
    const events: AuraEventBody[] = [];
    expect(await review(() => nothing, events)).toEqual([]);
    expect(events).toEqual([]);
  });

  test.each<readonly [string, ReviewerFunction, RegExp]>([
    [
      "throws",
      () => {
        throw new Error("no luck");
      },
      /no insights from iteration 1: the function threw: no luck/,
    ],
    ["gives a number", () => 42, /returned 42; a list of findings is expected/],
    ["gives no data", () => [new Date(0)], /\[0\] is a Date/],
  ])("that %s costs the iteration its insights, with a warning", async (_, fn, message) => {
    const events: AuraEventBody[] = [];
    expect(await review(fn, events)).toEqual([]);
    expect(events).toMatchObject([
      { type: "warning", code: "review-unusable", message: expect.stringMatching(message) },
    ]);
  });

  test("leaves a reviewer as it is and refuses anything else", () => {
    const own = asReviewer(() => []);
    expect(asReviewer(own)).toBe(own);
    expect(() => asReviewer(JSON.parse("[]"))).toThrow(/a reviewer is an object with a review method/);
  });
});

test("a module's function reviews in a process of its own", async () => {
  const module = folder.write(
    "review.mjs",
    "export const review = (batch, ctx) => [{ finding: `${batch.length} in iteration ${ctx.iteration}`, evidence: [batch[0].hypothesis.id] }];",
  );
  const reviewer = new FunctionReviewer({ module, export: "review" });
  expect(await reviewer.review(batch, stageContext({ root: folder.path }))).toEqual([
    { finding: "1 in iteration 1", evidence: ["i00001-h000"] },
  ]);
});

test("the built-in reviewers are known by their names", async () => {
  expect(
    (await builtins())
      .list("reviewer")
      .map(({ type }) => type)
      .sort(),
  ).toEqual(["function", "none", "prompt", "stats"]);
});
