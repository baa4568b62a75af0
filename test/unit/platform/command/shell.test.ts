import { execFileSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import type { JsonObject } from "../../../../src/model/json.ts";
import { compileCommand, parameterVariables } from "../../../../src/platform/command.ts";

const compile = (script: string) => compileCommand(script, { shell: true });

function run(script: string, spec: JsonObject): string {
  const { file, args } = compile(script).render({ spec, aura: {} });
  const env = { PATH: process.env.PATH ?? "", ...parameterVariables(spec) };
  return execFileSync(file, [...args], { encoding: "utf8", env });
}

describe("a command with shell: true", () => {
  it("is run as it is, braces and all", () => {
    const script = `f() { awk '{print $1}'; }; echo "{lr} a" | f; x=\${UNSET:-5}; echo $((x + 1)) '}}'`;
    expect(compile(script).render({ spec: {}, aura: {} })).toEqual({ file: "/bin/sh", args: ["-c", script] });
    expect(run(script, { lr: 1 })).toBe("{lr}\n6 }}\n");
  });

  it("finds each scalar parameter in a variable, whatever is in it", () => {
    const spec = { lr: 1e-7, opt: '; touch X; $(touch Y) "', fast: true, "a-b.c": 2, xs: [1], o: { b: 1 }, none: null };
    expect(parameterVariables(spec)).toEqual({
      AURA_PARAM_lr: "0.0000001",
      AURA_PARAM_opt: '; touch X; $(touch Y) "',
      AURA_PARAM_fast: "true",
      AURA_PARAM_a_b_c: "2",
    });
    expect(run('printf "%s|" "$AURA_PARAM_lr" "$AURA_PARAM_opt" "${AURA_PARAM_a_b_c}"', spec)).toBe(
      '0.0000001|; touch X; $(touch Y) "|2|',
    );
  });

  it("fails with the name of a parameter that it uses and that is not there", () => {
    const render = (script: string, spec: JsonObject) => () => compile(script).render({ spec, aura: {} });
    expect(render('p "$AURA_PARAM_lr"', { lrr: 1 })).toThrow(/\$AURA_PARAM_lr; did you mean \$AURA_PARAM_lrr\?/);
    expect(render('p "${AURA_PARAM_lr%x}"', { lr: null })).toThrow(/write \$\{AURA_PARAM_lr:-\}/i);
    expect(render("p $AURA_PARAM_xs", { xs: [1] })).toThrow(/"xs" is a list or an object; .*AURA_TRIAL_PARAMS/);
    expect(render("p $AURA_PARAM_t", { t: "x".repeat(200_000) })).toThrow(/"t" .*too long/);
    expect(run('echo "<${AURA_PARAM_lr:-none}${AURA_PARAM_x+x}>"', {})).toBe("<none>\n");
  });

  it("says which variables it uses, and which it can do without", () => {
    const { uses } = compile('a "$AURA_PARAM_lr" ${AURA_PARAM_x:-} $AURA_PARAM_y ${AURA_PARAM_y-} {lr}');
    expect(uses.map(({ name, optional }) => [name, optional])).toEqual([
      ["AURA_PARAM_lr", false],
      ["AURA_PARAM_x", true],
      ["AURA_PARAM_y", false],
    ]);
  });

  it("is one string that says something", () => {
    expect(() => compile(" \n")).toThrow(/empty/);
    expect(() => compileCommand(["a", "b"], { shell: true })).toThrow(/one string/);
  });
});

describe("variables of parameters", () => {
  it("that two parameters would share are an error that names both", () => {
    expect(() => parameterVariables({ "a-b": 1, a_b: 2 })).toThrow(/"a-b" and "a_b" .*AURA_PARAM_a_b; rename/);
  });

  it("leave out what no variable can hold", () => {
    const long = "x".repeat(100_000);
    const spec = {
      nul: "a\0b",
      longer: "x".repeat(140_000),
      ...Object.fromEntries([..."abcdefg"].map((n) => [n, long])),
    };
    expect(Object.keys(parameterVariables(spec)).join()).toBe(
      "AURA_PARAM_a,AURA_PARAM_b,AURA_PARAM_c,AURA_PARAM_d,AURA_PARAM_e",
    );
  });
});
