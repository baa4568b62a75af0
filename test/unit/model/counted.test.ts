import { expect, test } from "vitest";
import { countedAfter } from "../../../src/model/counted.ts";

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
