import { describe, expect, it } from "vitest";
import { progressBar, scoreBar, sparkline } from "../../../src/ui/gauge.ts";

describe("gauges", () => {
  it("a sparkline spans lowest to highest and thins a long series to its width", () => {
    expect(sparkline([1, 2, 3, 4, 5, 6, 7, 8], 20)).toBe("▁▂▃▄▅▆▇█");
    expect(sparkline([5, 5, 5], 20)).toBe("▁▁▁");
    const long = sparkline(
      Array.from({ length: 1000 }, (_, i) => i),
      10,
    );
    expect(long).toHaveLength(10);
    expect([long[0], long.at(-1)]).toEqual(["▁", "█"]);
    expect(sparkline([], 10)).toBe("");
  });

  it("a score's bar has half columns and is never empty", () => {
    expect([0, 0.25, 0.5, 1, 7].map((share) => scoreBar(share, 5))).toEqual(["╸", "━╸", "━━╸", "━━━━━", "━━━━━"]);
  });

  it("a progress bar is exactly as wide as asked for any share", () => {
    for (const share of [null, -1, 0, 0.333, 1, 5]) expect(progressBar(share, 37).join("")).toHaveLength(37);
  });
});
