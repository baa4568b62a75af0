import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { plainJson } from "../../../src/platform/plain-json.ts";

describe("a value as plain JSON", () => {
  it("is the same value when it is JSON already", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const plain = plainJson(value);
        expect(plain).toEqual({ ok: true, value: JSON.parse(JSON.stringify(value)) });
      }),
    );
  });

  it("keeps numbers recognisable that JSON has not, and leaves undefined out", () => {
    expect(plainJson({ a: Number.NaN, b: [Number.NEGATIVE_INFINITY], c: undefined, d: -0 })).toEqual({
      ok: true,
      value: { a: "NaN", b: ["-Infinity"], d: 0 },
    });
  });

  it("keeps a key called __proto__ a key", () => {
    const plain = plainJson(JSON.parse('{"__proto__": {"x": 1}}'));
    expect(plain.ok && JSON.stringify(plain.value)).toBe('{"__proto__":{"x":1}}');
  });

  it.each([
    [{ a: { b: () => 1 } }, "a.b is a function"],
    [{ a: [new Map()] }, "a[0] is a Map"],
    [Symbol("s"), "it is a symbol"],
    [10n, "it is a bigint"],
    [{ u: new Uint8Array(2) }, "u is a Uint8Array"],
  ])("refuses what is no data, and says where it is", (value, reason) => {
    const plain = plainJson(value);
    expect(plain.ok ? "" : plain.reason).toContain(reason);
  });

  it("refuses what is nested without end", () => {
    const loop: unknown[] = [];
    loop.push(loop);
    expect(plainJson(loop)).toMatchObject({ ok: false });
  });
});

describe("a value that holds itself", () => {
  it("is refused with the beginning of the place, not with all the way round", () => {
    const circle: Record<string, unknown> = {};
    circle.o = circle;
    const plain = plainJson({ result: circle });
    expect(plain).toEqual({
      ok: false,
      reason: expect.stringMatching(/^result\.o[.o]+… is nested more than 100 levels deep, or in itself$/),
    });
    expect(plain.ok ? "" : plain.reason).toHaveLength(90);
  });
});
