import fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import {
  clip,
  promptLine,
  promptText,
  recordText,
  shown,
  terminalLine,
  terminalText,
} from "../../../src/text/printable.ts";
import { hostileText } from "../../support/hostile-text.ts";

const UNSAFE = /[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/u;

describe("text for a terminal", () => {
  it("leaves printable text as it is", () => {
    expect(terminalLine("lr=0.1 hidden=64 ümläut 日本語")).toBe("lr=0.1 hidden=64 ümläut 日本語");
  });

  it("removes escape sequences with their parameters, title changes and links", () => {
    expect(terminalLine("\x1b[31mred\x1b[0m \x1b]0;owned\x07ok \x1b]8;;http://x\x1b\\link \x9b1mC1")).toBe(
      "red ok link C1",
    );
  });

  it("turns line breaks and tabs into one blank", () => {
    expect(terminalLine("a\r\n\tb\u2028c")).toBe("a b c");
  });

  it("removes bidi controls, zero-width characters and emoji joiners", () => {
    expect(terminalLine("a\u202eb\u2066c\u200bd\ufeff 👩‍👧")).toBe("abcd 👩👧");
  });

  it("replaces lone surrogates and thins stacks of combining marks", () => {
    expect(terminalLine(`x\ud800y z${"\u0334".repeat(50)}`)).toBe("x\ufffdy z\u0334\u0334");
  });

  it("bounds what it looks at", () => {
    expect(terminalLine("a".repeat(1_000_000))).toHaveLength(4096);
  });

  it("leaves nothing in any text that a terminal could act on, and does nothing the second time", () => {
    fc.assert(
      fc.property(hostileText, (text) => {
        const plain = terminalLine(text);
        expect(plain).not.toMatch(UNSAFE);
        expect(plain).not.toMatch(/\p{Surrogate}/u);
        expect(terminalLine(plain)).toBe(plain);
      }),
    );
  });
});

test("a terminal's lines stay, and what it would act on shows as replaced", () => {
  expect(terminalText("\u001b[2Jbad\u0007\u202e name\r\nsecond\u{e0041}")).toBe(
    "\ufffd[2Jbad\ufffd\ufffd name\nsecond\ufffd",
  );
});

test("a prompt keeps line ends, joiners and marks, and loses what hides or turns text around", () => {
  expect(promptText("a\tb\r\nc\rd\u202e\u0000e\ud800\u{e0041}")).toBe("a\tb\r\ncde\ufffd");
  expect(promptText("\u001b[31mred\u001b[0m \u001bPq\u001b\\\u009b1mx 👩‍👧 z\u0334")).toBe("red x 👩‍👧 z\u0334");
  expect(promptText("\u001b]0;no end\nnext")).toBe("\nnext");
  expect(promptLine(" a\n\tb  c ", 4)).toBe("a b…");
});

test("a record loses nothing: what would not be seen is written out, and JSON means the same", () => {
  expect(recordText("a\u001b\u200b\u00ad\ud800\u{e0041}\n\t日")).toBe(
    "a\\u001b\\u200b\\u00ad\\ud800\\udb40\\udc41\n\t日",
  );
  fc.assert(
    fc.property(hostileText, (text) => {
      const json = recordText(JSON.stringify(text));
      expect(json).not.toMatch(UNSAFE);
      expect(JSON.parse(json)).toBe(text);
    }),
  );
});

test("values are shown on one line, bounded, whatever they are", () => {
  const circle: unknown[] = [];
  circle.push(circle);
  const values = ["a\n\u202e", { a: 1 }, undefined, circle, () => 1, 3n, Number.NaN, "x".repeat(100)];
  expect(values.map((value) => shown(value, 10))).toEqual([
    '"a\\n\\u202e"',
    '{"a":1}',
    "nothing",
    "something that is no data",
    "a function",
    "3",
    "NaN",
    `"${"x".repeat(9)}…"`,
  ]);
});

test("what is cut ends in an ellipsis, and no character is cut in half", () => {
  expect([clip("abc", 3), clip("abcd", 3), clip("ab😀d", 4), clip("", 0)]).toEqual(["abc", "ab…", "ab…", ""]);
});
