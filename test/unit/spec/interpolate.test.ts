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
    expect(run({ goal: "${SECRET} ${RATE} ${NONE:-longdefault} ${NAME}" }).secrets).toEqual(["abcdefgh", "digits"]);
  });

  it.each<[string, JsonValue]>([
    ["a command", { experimenter: { executor: { command: "train --key ${SECRET}" } } }],
    ["a word of a command", { checks: [{ name: "a", command: ["test", "${SECRET}"] }] }],
    ["an environment, whatever the variable is called there", { experimenter: { env: { name: "${SECRET}" } } }],
    ["a runner's options", { runners: { space: { type: "openai", base_url: "http://u:${SECRET}@host" } } }],
    ["an option of a user's own component", { evaluator: { type: "./mine.ts", token: "${SECRET}" } }],
    ["values for prompts", { researcher: { vars: { model: "${SECRET}" } } }],
  ])("are secrets in %s", (_, spec) => {
    expect(run(spec).secrets).toEqual(["abcdefgh"]);
  });

  it.each<[string, JsonValue]>([
    ["the name of the run", { name: "${SECRET}" }],
    ["the metric", { metric: { name: "${SECRET}" } }],
    ["the search space", { researcher: { space: { opt: { choices: ["${SECRET}"] } } } }],
    ["paths", { artifacts: ["${SECRET}"], inputs: ["${SECRET}"], root: "${SECRET}" }],
    ["a model's name", { runners: { main: { model: "${SECRET}" } } }],
    [
      "a setting, and then in a command too",
      { metric: { name: "${SECRET}" }, experimenter: { command: "x ${SECRET}" } },
    ],
  ])("are no secrets in %s, but messages about the spec do not show them", (_, spec) => {
    expect(run(spec)).toMatchObject({ secrets: [], values: ["abcdefgh"] });
  });

  it("are never secrets when every environment has them", () => {
    const home = () => "/home/somebody";
    expect(interpolate({ goal: "${HOME} ${USER}" }, home, () => false)).toMatchObject({ secrets: [], values: [] });
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
