import { describe, expect, it } from "vitest";
import type { JsonValue } from "../../../src/model/json.ts";
import { interpolate, readScalar } from "../../../src/spec/interpolate.ts";

const SET: Readonly<Record<string, string>> = {
  NAME: "digits",
  RATE: "0.1",
  EMPTY: "",
  SECRET: "abcdefgh",
  LIST: "[1]",
};
const run = (value: JsonValue, quoted = false) =>
  interpolate(
    value,
    (name) => SET[name],
    () => quoted,
  );

describe("variables in a spec", () => {
  it.each<[string, JsonValue]>([
    ["${NAME}", "digits"],
    ["a-${NAME}-${RATE}", "a-digits-0.1"],
    ["${RATE}", 0.1],
    ["${NONE:-7}", 7],
    ["${NONE:-}", ""],
    ["${EMPTY:-full}", "full"],
    ["${EMPTY}", ""],
    ["${NONE:-a b: c}", "a b: c"],
    ["$${NAME}", "${NAME}"],
    ["cost $5 {x}", "cost $5 {x}"],
    ["${LIST}", "[1]"],
    ["$${A}${NAME}", "${A}digits"],
  ])("%s gives %j", (text, expected) => {
    expect(run({ a: [text] })).toMatchObject({ value: { a: [expected] }, findings: [] });
  });

  it("stay text where the scalar is quoted", () => {
    expect(run("${RATE}", true).value).toBe("0.1");
  });

  it.each(["${}", "${1A}", "${NAME", "${NA ME}", "${NAME:=x}"])("%s is no variable", (text) => {
    expect(run(text).findings).toEqual([
      expect.objectContaining({ message: expect.stringContaining("not a variable") }),
    ]);
  });

  it("are not expanded in keys, nor in what another variable holds", () => {
    expect(
      interpolate(
        { "${NAME}": "${A}" },
        () => "${B}",
        () => false,
      ).value,
    ).toEqual({ "${NAME}": "${B}" });
  });

  it("give their values as secrets when they are long enough, defaults never", () => {
    expect(run("${SECRET} ${RATE} ${NONE:-longdefault} ${NAME}").secrets).toEqual(["abcdefgh", "digits"]);
  });
});

describe("a scalar read from a variable", () => {
  it.each<[string, JsonValue]>([
    ["1e-5", 1e-5],
    ["-3", -3],
    [".5", 0.5],
    ["true", true],
    ["null", null],
    ["yes", "yes"],
    ["1_000", "1_000"],
    ["0123", 123],
    ["12345678901234567890", "12345678901234567890"],
    ["1e999", "1e999"],
    ["1.2.3", "1.2.3"],
    ["Infinity", "Infinity"],
  ])("%s is %j", (text, expected) => {
    expect(readScalar(text)).toBe(expected);
  });
});
