import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { couldBeMetric, jsonObjectIn, metricPairs } from "../../../src/components/metric-line.ts";
import { readableLine } from "../../../src/text/printable.ts";
import { cpuTime } from "../../support/cpu-time.ts";

describe("a line of name and value", () => {
  it.each([
    ["accuracy: 0.93", [["accuracy", 0.93]]],
    ["  val/acc = -1e-3  ", [["val/acc", -0.001]]],
    ["Test accuracy: 0.5", [["Test accuracy", 0.5]]],
    ["loss=nan", [["loss", "NaN"]]],
    ["loss: -inf", [["loss", "-Infinity"]]],
    ["loss=1e999", [["loss", "Infinity"]]],
    [
      "loss: 0.3, acc: 0.9",
      [
        ["loss", 0.3],
        ["acc", 0.9],
      ],
    ],
    [
      "epoch=3 loss=0.31 | acc=.9",
      [
        ["epoch", 3],
        ["loss", 0.31],
        ["acc", 0.9],
      ],
    ],
    ["précision: 0.93", [["précision", 0.93]]],
    ["pre\u0301cision: 0.93", [["pre\u0301cision", 0.93]]],
    ["精度=0.95", [["精度", 0.95]]],
    [
      "Épocas: 3, потери: 0.5",
      [
        ["Épocas", 3],
        ["потери", 0.5],
      ],
    ],
    ["accuracy: high", [["accuracy", "high"]]],
    ["accuracy: 93%", [["accuracy", "93%"]]],
  ])("%j gives its pairs", (line, pairs) => {
    expect(metricPairs(line)).toEqual(pairs);
    expect(couldBeMetric(line)).toBe(true);
  });

  it.each(["", "hello", "• accuracy: 1", "→ 5", "12:30:01 accuracy 1", "= 5", ": 5", "accuracy:", "x".repeat(2000)])(
    "%j gives none",
    (line) => {
      expect(metricPairs(line)).toEqual([]);
    },
  );
});

describe("a line for a terminal", () => {
  it.each([
    ["\u001b[32maccuracy: 0.9\u001b[0m", "accuracy: 0.9"],
    ['\u001b[1;38;5;200m{\u001b[m"a":1}', '{"a":1}'],
    ["50%|###   |\raccuracy: 0.9", "accuracy: 0.9"],
    ["50%\raccuracy: 0.9\r", "accuracy: 0.9"],
    ["10%\r\u001b[K\u001b[1maccuracy\u001b[0m: 0.9", "accuracy: 0.9"],
    ["\u001b]8;;http://x\u0007accuracy: 0.9\u001b]8;;\u001b\\", "accuracy: 0.9"],
    ["  plain = 1 ", "  plain = 1 "],
  ])("%j is read as what stays there", (line, text) => {
    expect(readableLine(line)).toBe(text);
    expect(couldBeMetric(line)).toBe(true);
  });

  it("takes time in proportion to its length, whatever it is", () => {
    const from = cpuTime();
    for (const piece of ["\u001b", "\u001b[", "\u001b]", "\u001b[0;", "\r", "\u001b "])
      readableLine(piece.repeat(300_000));
    expect(cpuTime() - from).toBeLessThan(1000);
  });
});

describe("a line of JSON", () => {
  it("is read with what Python prints for numbers that are none", () => {
    expect(jsonObjectIn('{"a": NaN, "b": [Infinity, -Infinity], "c": "NaN \\" -Infinity", "d": -1}')).toEqual({
      a: "NaN",
      b: ["Infinity", "-Infinity"],
      c: 'NaN " -Infinity',
      d: -1,
    });
    expect(jsonObjectIn('{"a": 1e999}')).toEqual({ a: "Infinity" });
  });

  it.each(["[1]", "5", "{", "{a: 1}", "{} x", '{"a": NaNa}', `{"a": ${"[".repeat(5000)}${"]".repeat(5000)}}`])(
    "%j is no object",
    (line) => {
      expect(jsonObjectIn(line)).toBeNull();
    },
  );

  it("gives back any object that was printed, with its hostile keys", () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (object) => {
        const text = JSON.stringify(object);
        expect(JSON.stringify(jsonObjectIn(text))).toBe(JSON.stringify(JSON.parse(text)));
        expect(couldBeMetric(text)).toBe(true);
      }),
    );
    expect(Object.keys(jsonObjectIn('{"__proto__": {"x": 1}}') ?? {})).toEqual(["__proto__"]);
  });

  it("never throws on any text", () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'{}[]":,NaInfity-1e\\ ='), maxLength: 40 }), (text) => {
        jsonObjectIn(`{${text}}`);
        metricPairs(text);
      }),
      { numRuns: 2000 },
    );
  });
});
