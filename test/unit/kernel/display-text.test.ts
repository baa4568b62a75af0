import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { displayWidth, plainText, toWidth, truncate, wrapText } from "../../../src/kernel/display-text.ts";
import { HOSTILE } from "../ui/recorded-events.ts";

const UNSAFE = /[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/u;

const hostile = fc
  .array(
    fc.oneof(
      fc.string({ unit: "binary" }),
      fc.constantFrom(
        "\x1b[2J",
        "\x1b]0;t\x07",
        "\x9b1m",
        "\r\n",
        "\u202e",
        "日本",
        "👩‍👩‍👧‍👦",
        "e\u0301\u0302\u0303",
        "\ud800",
        "🇩🇪",
        "1️⃣",
      ),
    ),
  )
  .map((parts) => parts.join(""));

describe("plainText", () => {
  it("leaves printable text as it is", () => {
    expect(plainText("lr=0.1 hidden=64 ümläut 日本語")).toBe("lr=0.1 hidden=64 ümläut 日本語");
  });

  it("removes escape sequences with their parameters, title changes and links", () => {
    expect(plainText("\x1b[31mred\x1b[0m \x1b]0;owned\x07ok \x1b]8;;http://x\x1b\\link \x9b1mC1")).toBe(
      "red ok link C1",
    );
  });

  it("turns line breaks and tabs into one blank", () => {
    expect(plainText("a\r\n\tb\u2028c")).toBe("a b c");
  });

  it("removes bidi controls, zero-width characters and emoji joiners", () => {
    expect(plainText("a\u202eb\u2066c\u200bd\ufeff 👩‍👧")).toBe("abcd 👩👧");
  });

  it("replaces lone surrogates and thins stacks of combining marks", () => {
    expect(plainText(`x\ud800y z${"\u0334".repeat(50)}`)).toBe("x\ufffdy z\u0334\u0334");
  });

  it("bounds what it looks at", () => {
    expect(plainText("a".repeat(1_000_000))).toHaveLength(4096);
  });

  it("leaves nothing in any text that a terminal could act on, and does nothing the second time", () => {
    fc.assert(
      fc.property(hostile, (text) => {
        const plain = plainText(text);
        expect(plain).not.toMatch(UNSAFE);
        expect(plain).not.toMatch(/\p{Surrogate}/u);
        expect(plainText(plain)).toBe(plain);
      }),
    );
  });
});

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
      fc.property(hostile, fc.integer({ min: 0, max: 60 }), (text, width) => {
        expect(displayWidth(toWidth(plainText(text), width))).toBe(width);
      }),
    );
  });

  it("wraps at blanks, cuts long words and ends in … where lines run out", () => {
    expect(wrapText("the quick brown fox jumps", 10, 3)).toEqual(["the quick", "brown fox", "jumps"]);
    expect(wrapText("the quick brown fox jumps", 10, 2)).toEqual(["the quick", "brown fox…"]);
    expect(wrapText("incomprehensibilities here", 10, 2)).toEqual(["incompreh…", "here"]);
    expect(wrapText("", 10, 2)).toEqual([]);
    for (const line of wrapText(plainText(HOSTILE), 12, 4)) expect(displayWidth(line)).toBeLessThanOrEqual(12);
  });
});
