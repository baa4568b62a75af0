import { execFileSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import type { JsonObject } from "../../../../src/model/json.ts";
import { compileCommand } from "../../../../src/platform/command.ts";

const compile = (script: string) => compileCommand(script, { shell: true });

function run(script: string, spec: JsonObject): string {
  const { file, args } = compile(script).render({ spec, aura: { seed: 1 } });
  return execFileSync(file, [...args], { encoding: "utf8", env: { PATH: process.env.PATH ?? "" } });
}

describe("a shell script", () => {
  it("gets each value as a positional parameter in double quotes", () => {
    const { file, args } = compile("a --x={x} {y}{x} | b {xs...} > {y}").render({
      spec: { x: 1, y: "w", xs: ["p", "q"] },
      aura: {},
    });
    expect(file).toBe("/bin/sh");
    expect(args).toEqual([
      "-c",
      'a --x="${1}" "${2}""${3}" | b "${4}" "${5}" > "${6}"',
      "sh",
      "1",
      "w",
      "1",
      "p",
      "q",
      "w",
    ]);
  });

  it("keeps the shell's own braces, expansions and quotes", () => {
    expect(run("x=5; {{ echo ${x:-none} $((x + 1)) \"$(echo '}}')\"; }}", {})).toBe("5 6 }\n");
  });

  it("leaves out an absent {x?} and the option before it", () => {
    expect(run("echo a --lr {lr?} b --x={x?} {xs...?} c", {})).toBe("a b c\n");
    expect(run("echo a --lr {lr?} b", { lr: 2 })).toBe("a --lr 2 b\n");
  });

  it("passes more than nine values", () => {
    const names = Array.from({ length: 15 }, (_, i) => `v${i}`);
    const spec = Object.fromEntries(names.map((name, i) => [name, i]));
    expect(run(`echo ${names.map((name) => `{${name}}`).join(" ")}`, spec)).toBe(
      `${names.map((_, i) => i).join(" ")}\n`,
    );
  });

  it("refuses a value that would be an option, unless it is a number or behind --", () => {
    expect(() => compile("rm {x}").render({ spec: { x: "-rf" }, aura: {} })).toThrow(/read as an option/);
    expect(run("printf '%s.' -- {x} 5", { x: "-rf" })).toContain("-rf.5.");
    expect(run("echo {x}", { x: -5 })).toBe("-5\n");
  });

  it.each([
    ["single quotes", "echo '{x}'"],
    ["double quotes", 'echo "a {x}"'],
    ["double quotes", 'echo "$(echo {x})"'],
    ["backquotes", "echo `echo {x}`"],
    ["a comment", "true # {x}"],
    ["a here-document", "cat <<E\n{x}\nE\n"],
    ["a here-document", "cat <<-'E'\n\t{x}\n\tE\n"],
    ["arithmetic", "echo $(( {x} + 1 ))"],
    ["arithmetic", "(( {x} > 1 ))"],
    ["a backslash's reach", "echo \\{x}"],
    ["behind the start of a function", "f() {{ echo {x}; }}; f"],
    ["behind `set`", "set -- a b; echo {x}"],
    ["behind `shift`", "shift; echo {x}"],
  ])("refuses a placeholder in %s: %s", (place, script) => {
    expect(() => compile(script)).toThrow(place);
  });

  it("refuses a placeholder in a parameter expansion", () => {
    expect(() => compile("echo ${y:-{x}}")).toThrow(/no value can be put there/);
  });

  it.each(["{x} a", "true; {x}", "a && {x}", "a | {x}b", "A=1 {x}", "if {x}; then a; fi", "$( {x} )", "({x})"])(
    "refuses a placeholder that names the command: %s",
    (script) => {
      expect(() => compile(script)).toThrow(/choose the program/);
    },
  );

  it.each([
    "eval echo {x}",
    "true; eval {x}",
    "trap {x} EXIT",
    "bash -c {x}",
    "a | sh -c {x}",
    "[[ {x} -gt 1 ]]",
    "python -c {x}",
  ])("refuses a placeholder that would be run: %s", (script) => {
    expect(() => compile(script)).toThrow(/run anything/);
  });

  it.each(["echo 'a", 'echo "a', "echo `a", "echo $(a", "echo ${a", "echo $((1", "(a", " "])(
    "refuses what is never closed or empty: %j",
    (script) => {
      expect(() => compile(script)).toThrow(/never closed|empty/);
    },
  );

  it("can be no list", () => {
    expect(() => compileCommand(["a", "b"], { shell: true })).toThrow(/one string/);
  });
});
