import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createRedactor, REDACTED } from "../../../src/kernel/redact.ts";

describe("a redactor", () => {
  test("takes a secret out of text and data, keys too, and leaves the rest", () => {
    const { text, json } = createRedactor(["hunter2!"]);
    expect(text("a hunter2! b hunter2!")).toBe("a [redacted] b [redacted]");
    expect(json({ "hunter2!": ["x hunter2!", 5, null, { ok: true }] })).toEqual({
      "[redacted]": ["x [redacted]", 5, null, { ok: true }],
    });
  });

  test("knows a secret by its escapes inside JSON, and by its lines", () => {
    const { text } = createRedactor(['pass"word\\1', "first line\nsecond line\n"]);
    expect(text(JSON.stringify({ a: 'pass"word\\1' }))).toBe('{"a":"[redacted]"}');
    expect(text("it is second line here")).toBe("it is [redacted] here");
  });

  test("takes the longer of two that begin alike", () => {
    expect(createRedactor(["secret", "secret-and-more"]).text("secret-and-more secret")).toBe("[redacted] [redacted]");
  });

  test("leaves everything alone without secrets, and short values", () => {
    const value = { a: "b" };
    expect(createRedactor([]).json(value)).toBe(value);
    expect(createRedactor(["abc"]).text("abc")).toBe("abc");
  });

  test("never leaves a secret in a text, nor JSON that is none, and changes nothing the second time", () => {
    const secret = fc.string({ minLength: 6, maxLength: 20 });
    fc.assert(
      fc.property(
        fc.array(secret, { minLength: 1, maxLength: 3 }),
        fc.string(),
        fc.string(),
        (secrets, before, after) => {
          const redactor = createRedactor(secrets);
          const [first = ""] = secrets;
          const whole = redactor.text(`${before}${first}${after}`);
          fc.pre(!REDACTED.includes(first) && !`${before}${REDACTED}${after}`.includes(first));
          expect(whole.includes(first)).toBe(false);
          const data = redactor.json({ [before]: [first, after] });
          expect(JSON.parse(JSON.stringify(data))).toEqual(data);
        },
      ),
    );
  });
});

test("of an answer, no field name, id, state or code changes, whatever a variable holds", () => {
  const { record } = createRedactor(["completed", "i00001-h001", "hunter2!", "message"]);
  const answer = {
    hypothesisId: "i00001-h001",
    trials: [{ id: "i00001-h001-t00", outcome: { status: "completed", output: { completed: 1, id: "hunter2!" } } }],
    failure: { code: "completed", message: "it completed with hunter2!" },
  };
  expect(record(answer)).toEqual({
    hypothesisId: "i00001-h001",
    trials: [
      { id: "i00001-h001-t00", outcome: { status: "completed", output: { "[redacted]": 1, id: "[redacted]" } } },
    ],
    failure: { code: "completed", message: "it [redacted] with [redacted]" },
  });
  expect(createRedactor([]).record(answer)).toBe(answer);
});
