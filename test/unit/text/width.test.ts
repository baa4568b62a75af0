import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { terminalLine } from "../../../src/text/printable.ts";
import { displayWidth, toWidth, truncate, wrapText } from "../../../src/text/width.ts";
import { hostileText } from "../../support/hostile-text.ts";
import { HOSTILE } from "../ui/recorded-events.ts";

describe("width", () => {
  it("counts wide characters twice and combining marks not at all", () => {
    expect(displayWidth("ab")).toBe(2);
    expect(displayWidth("日本語")).toBe(6);
    expect(displayWidth("👩👧")).toBe(4);
    expect(displayWidth("z\u0334")).toBe(1);
  });

  it("cuts by columns and never through a wide character", () => {
    expect(truncate("日本語テスト", 6)).toBe("日本…");
    expect(truncate("日本語テスト", 5)).toBe("日本…");
    expect(truncate("abc", 3)).toBe("abc");
    expect(truncate("abcd", 3)).toBe("ab…");
    expect(truncate("abcd", 0)).toBe("");
  });

  it("gives exactly the columns that were asked for, whatever the text", () => {
    fc.assert(
      fc.property(hostileText, fc.integer({ min: 0, max: 60 }), (text, width) => {
        expect(displayWidth(toWidth(terminalLine(text), width))).toBe(width);
      }),
    );
  });

  it("wraps at blanks, cuts long words and ends in … where lines run out", () => {
    expect(wrapText("the quick brown fox jumps", 10, 3)).toEqual(["the quick", "brown fox", "jumps"]);
    expect(wrapText("the quick brown fox jumps", 10, 2)).toEqual(["the quick", "brown fox…"]);
    expect(wrapText("incomprehensibilities here", 10, 2)).toEqual(["incompreh…", "here"]);
    expect(wrapText("", 10, 2)).toEqual([]);
    for (const line of wrapText(terminalLine(HOSTILE), 12, 4)) expect(displayWidth(line)).toBeLessThanOrEqual(12);
  });
});
