import { describe, expect, it } from "vitest";
import { builtins } from "../../../src/components/builtins.ts";
import { SpecError } from "../../../src/kernel/errors.ts";
import { loadSpecText } from "../../../src/spec/index.ts";

const registry = await builtins();

interface Parts {
  readonly command: string;
  readonly space?: string;
  readonly more?: string;
}

const specOf = ({ command, space, more = "" }: Parts): string => `version: 1
name: commands
metric: { name: a }
${space === undefined ? "runners: { main: { type: replay, file: calls.jsonl } }" : ""}
researcher: ${space === undefined ? "{ type: prompt, runner: main }" : `{ type: search, method: random, space: { ${space} } }`}
experimenter: { type: script, command: ${JSON.stringify(command)}${more} }
`;

const warnings = (parts: Parts): readonly string[] =>
  loadSpecText(specOf(parts), "spec.yaml", { registry }).warnings.map(({ message }) => message);

function errors(parts: Parts): readonly string[] {
  try {
    loadSpecText(specOf(parts), "spec.yaml", { registry });
  } catch (error) {
    if (error instanceof SpecError) return error.diagnostics.map(({ message }) => message);
    throw error;
  }
  return [];
}

const LR = "lr: { type: float, low: 0.1, high: 1 }";
const OPT = "opt: { type: categorical, choices: [-O2, fast] }";

describe("a command's values and who writes them", () => {
  it("are refused in a program's text where a model may write anything", () => {
    expect(errors({ command: "sh -c 'train {x}'" })).toEqual([
      expect.stringMatching(/^\{x\} would become part of a program's text.*"\$AURA_PARAM_x"/),
    ]);
  });

  it("may stand there when the space says what they are, or the schema of hypotheses", () => {
    expect(errors({ command: "sh -c 'train {lr} {opt}'", space: `${LR}, ${OPT}` })).toEqual([]);
    const declared =
      "hypothesis_schema: { properties: { n: { type: integer }, b: { type: boolean }, e: { enum: [x] } } }";
    const text = (command: string) => specOf({ command }).replace("runner: main }", `runner: main, ${declared} }`);
    expect(() => loadSpecText(text("sh -c 'p {n} {b} {e}'"), "spec.yaml", { registry })).not.toThrow();
    expect(() => loadSpecText(text("sh -c 'p {free}'"), "spec.yaml", { registry })).toThrow(SpecError);
  });

  it("may be options when the author wrote them", () => {
    expect(errors({ command: "cc {opt} main.c", space: OPT })).toEqual([]);
    expect(warnings({ command: "cc {opt} main.c", space: OPT })).toEqual([]);
  });
});

describe("a number that may come out with an exponent", () => {
  const y = (low: number, high: number, more = "") => `y: { type: float, low: ${low}, high: ${high}${more} }`;

  it("is offered another form where it is a word of its own", () => {
    const why = "can come out like -4e-7, which many programs take for an option; write";
    expect(warnings({ command: "p {y}", space: y(-1, 1) })).toEqual([`{y} ${why} --y={y}`]);
    expect(warnings({ command: "p --rate {y}", space: y(-1e-5, 0) })).toEqual([`{y} ${why} --rate={y}`]);
  });

  it.each([
    ["p --y={y}", y(-1, 1)],
    ["p -- {y}", y(-1, 1)],
    ["p {y}", y(0, 1)],
    ["p {y}", y(-2, -1)],
    ["p {y}", y(-1, 1, ", step: 0.5")],
    ["p {y}", "y: { type: int, low: -5, high: 5 }"],
  ])("is fine in `%s` with %s", (command, space) => {
    expect(warnings({ command, space })).toEqual([]);
  });
});

describe("a choice that begins with a dash", () => {
  const mode = "mode: { type: categorical, choices: [slow, -fast] }";

  it("is offered another form where it is a word behind an option", () => {
    expect(warnings({ command: "p --mode {mode}", space: mode })).toEqual([
      '{mode} can be "-fast", which most programs take for another option; write --mode={mode} if it is the value of --mode',
    ]);
  });

  it.each([
    ["p --mode={mode}", mode],
    ["p {mode}", mode],
    ["p -- --mode {mode}", mode],
    ["p --mode {mode}", "mode: { type: categorical, choices: [-1, '-.5', '-', a-b] }"],
  ])("is fine in `%s` with %s", (command, space) => {
    expect(warnings({ command, space })).toEqual([]);
  });
});

describe("a command with shell: true", () => {
  const more = ", shell: true";

  it("uses the parameters whose variables it names", () => {
    const space = `${LR}, a-b: { type: int, low: 1, high: 2 }`;
    expect(warnings({ command: 'p "$AURA_PARAM_lr"; q $${AURA_PARAM_a_b}', space, more })).toEqual([]);
    expect(warnings({ command: 'p "$AURA_PARAM_lr"', space, more })).toEqual(["no command uses {a-b}"]);
  });

  it("is told of variables that are never there, and of braces that mean nothing", () => {
    expect(errors({ command: "p $AURA_PARAM_lrr", space: LR, more })).toEqual([
      "the search space has no parameter for $AURA_PARAM_lrr; it has lr",
    ]);
    expect(warnings({ command: "p $AURA_PARAM_lr {lr} {aura.seed} $${lr} {x}", space: LR, more })).toEqual([
      'with `shell: true` braces mean nothing; write "$AURA_PARAM_lr"',
      'with `shell: true` braces mean nothing; write "$AURA_SEED"',
    ]);
    expect(errors({ command: "p ${AURA_PARAM_lr:-}", space: LR, more })).toEqual([
      "AURA_PARAM_lr is there for trials only; write $AURA_PARAM_lr, or with braces for the shell $${AURA_PARAM_lr}",
    ]);
    const space = `${OPT}, m: { type: int, low: 1, high: 2, when: { opt: fast } }`;
    expect(warnings({ command: "p $AURA_PARAM_opt $AURA_PARAM_m", space, more })).toEqual([
      "$AURA_PARAM_m has no value where its `when` does not hold, and the command fails there; write $${AURA_PARAM_m:-}",
    ]);
  });
});

describe("a search space", () => {
  it("has no two parameters whose variable would be the same", () => {
    const space = "a.b: { type: int, low: 1, high: 2 }, a_b: { type: int, low: 1, high: 2 }";
    expect(errors({ command: "p {a.b} {a_b}", space })).toEqual([
      "commands find a.b and a_b in the same variable, $AURA_PARAM_a_b; rename one of them",
    ]);
  });
});

describe("a placeholder in a text without quotes", () => {
  const told = (experimenter: string): readonly string[] => {
    const text = specOf({ command: "p" }).replace(/experimenter: .*/, `experimenter: ${experimenter}`);
    try {
      loadSpecText(text, "spec.yaml", { registry });
    } catch (error) {
      if (error instanceof SpecError) return error.diagnostics.map(({ message }) => message);
      throw error;
    }
    return [];
  };

  it.each([
    ["{ type: script, command: train --x {x} }", "{x}"],
    ["{ type: script, command: [train, --x={x?}] }", "{x?}"],
    ["{ type: script, env: { A: g{aura.slot} }, command: p }", "{aura.slot}"],
    ["\n  type: script\n  command: {xs...} b", "{xs...}"],
  ])("gets the hint to put it there, in `%s`", (experimenter, placeholder) => {
    expect(told(experimenter)).toEqual([`a text with a placeholder like ${placeholder} may have to be in quotes here`]);
  });

  it("gets the hint where YAML takes it for a mapping, too", () => {
    expect(told("{ type: script, command: [train, {x}, b] }")).toEqual(['a placeholder has to be in quotes: "{x}"']);
  });
});
