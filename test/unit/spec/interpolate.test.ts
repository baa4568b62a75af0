import { describe, expect, it } from "vitest";
import { builtins as allBuiltins } from "../../../src/components/builtins.ts";
import { defineComponent } from "../../../src/kernel/define.ts";
import type { JsonObject, JsonValue } from "../../../src/model/json.ts";
import { interpolate, readScalar, secretValues } from "../../../src/spec/interpolate.ts";
import { siteLookup, sitesOf } from "../../../src/spec/sites.ts";

const builtins = await allBuiltins();

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

  it("give their values as secrets when they are long enough, defaults and what every environment has never", () => {
    const { variables } = interpolate(
      { goal: "${SECRET} ${RATE} ${NONE:-longdefault} ${NAME} ${HOME}" },
      (name) => ({ ...SET, HOME: "/home/somebody" })[name],
      () => false,
    );
    expect(secretValues(variables)).toEqual(["abcdefgh", "digits"]);
  });
});

describe("values of variables", () => {
  const own = defineComponent({
    kind: "evaluator",
    type: "./mine.ts",
    summary: "Asks elsewhere.",
    options: {
      type: "object",
      properties: {
        model: { type: "string" },
        place: { type: "string", "x-path": "any" },
        label: { type: "string", "x-secret": false },
      },
      additionalProperties: false,
    },
    example: {},
    create: () => ({ evaluate: () => Promise.reject(new Error("never called")) }),
  });
  const secretsOf = (spec: JsonObject) => {
    const { value, variables } = run(spec) as { value: JsonObject } & ReturnType<typeof run>;
    const siteAt = siteLookup(sitesOf(value, builtins.with(own)));
    return { secrets: secretValues(variables, (path) => siteAt(path)?.isSetting === true), variables };
  };

  it.each<[string, JsonObject]>([
    ["a command", { experimenter: { type: "script", command: "train --key ${SECRET}" } }],
    ["a word of a command", { checks: [{ name: "a", command: ["test", "${SECRET}"] }] }],
    [
      "an environment, whatever the variable is called there",
      { experimenter: { type: "script", env: { name: "${SECRET}" } } },
    ],
    ["a runner's options", { runners: { space: { type: "anthropic", base_url: "http://u:${SECRET}@host" } } }],
    [
      "an option of a user's own component, whatever it is called",
      { evaluator: { type: "./mine.ts", model: "${SECRET}" } },
    ],
    ["a component that is not known", { evaluator: { type: "./other.ts", path: "${SECRET}" } }],
    ["values for prompts", { researcher: { type: "prompt", vars: { model: "${SECRET}" } } }],
    ["the goal", { goal: "${SECRET}" }],
    ["a note", { "x-note": "${SECRET}" }],
  ])("are secrets in %s", (_, spec) => {
    expect(secretsOf(spec).secrets).toEqual(["abcdefgh"]);
  });

  it.each<[string, JsonObject]>([
    ["the name of the run", { name: "${SECRET}" }],
    ["the metric", { metric: { name: "${SECRET}" } }],
    ["the search space", { researcher: { type: "search", space: { opt: { choices: ["${SECRET}"] } } } }],
    ["paths", { artifacts: ["${SECRET}"], inputs: ["${SECRET}"], root: "${SECRET}" }],
    ["a model's name", { runners: { main: { type: "anthropic", model: "${SECRET}" } } }],
    ["the name of a runner", { researcher: { type: "prompt", runner: "${SECRET}" } }],
    ["a path that a user's own component names", { evaluator: { type: "./mine.ts", place: "${SECRET}" } }],
    ["what a user's own component says is none", { evaluator: { type: "./mine.ts", label: "${SECRET}" } }],
    [
      "a setting, and then in a command too",
      { metric: { name: "${SECRET}" }, experimenter: { type: "script", command: "x ${SECRET}" } },
    ],
  ])("are no secrets in %s, but messages about the spec do not show them", (_, spec) => {
    const { secrets, variables } = secretsOf(spec);
    expect(secrets).toEqual([]);
    expect(secretValues(variables)).toEqual(["abcdefgh"]);
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
