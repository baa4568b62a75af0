import { describe, expect, it } from "vitest";
import { finishWords } from "../../../src/kernel/finish-reason.ts";
import { FINISH_REASONS } from "../../../src/model/run.ts";
import {
  formatCost,
  formatCount,
  formatDuration,
  formatScore,
  parametersOf,
  parametersText,
  scoreFormat,
} from "../../../src/text/numbers.ts";

describe("numbers for people", () => {
  it.each([
    [0.9694444, "0.9694"],
    [0, "0"],
    [12, "12"],
    [-2.34567, "-2.346"],
    [123.456, "123.46"],
    [12345.678, "12345.7"],
    [0.00123456, "0.00123"],
    [0.0000001234, "1.23e-7"],
    [1e21, "1e21"],
    [Number.NaN, "-"],
    [null, "-"],
  ])("writes the score %s as %s", (score, text) => {
    expect(formatScore(score)).toBe(text);
  });

  it("writes durations in their two largest units", () => {
    expect([850, 12_900, 192_000, 1_800_000, 7_500_000, 273_600_000].map(formatDuration)).toEqual([
      "850ms",
      "12s",
      "3m12s",
      "30m",
      "2h05m",
      "3d04h",
    ]);
  });

  it("shortens counts and money", () => {
    expect([0, 950, 12_400, 200_000, 999_960, 3_140_000].map(formatCount)).toEqual([
      "0",
      "950",
      "12.4k",
      "200k",
      "1M",
      "3.1M",
    ]);
    expect([0.0031, 0.12, 5, 12.5].map(formatCost)).toEqual(["$0.0031", "$0.12", "$5", "$12.50"]);
  });

  it("shortens parameters of any kind to one bounded line", () => {
    const parameters = parametersOf({
      lr: 0.0123456,
      tiny: 0.0000130001,
      opt: "adam\x1b[2J",
      layers: [64, 32],
      on: true,
      none: null,
    });
    expect(parametersText(parameters)).toBe("lr=0.01235 tiny=1.3e-5 opt=adam layers=[64,32] on=true none=null");
    const many = Object.fromEntries(Array.from({ length: 500 }, (_, i) => [`p${i}`.repeat(50), "v".repeat(5000)]));
    expect(parametersText(parametersOf(many)).length).toBeLessThan(24 * 103);
  });
});

describe("finishWords", () => {
  it("has words for every reason a run can end for", () => {
    for (const reason of FINISH_REASONS) expect(finishWords(reason)).not.toBe("");
  });
});

describe("scores that stand together", () => {
  it("have full digits where they would look equal and are not", () => {
    const format = scoreFormat([0.5, 0.50001, 0.9, null, 0.9]);
    expect([0.5, 0.50001, 0.9, null].map(format)).toEqual(["0.5", "0.50001", "0.9000", "-"]);
  });
});
