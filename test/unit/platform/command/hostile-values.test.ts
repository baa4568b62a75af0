import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { CommandError, compileCommand, parameterVariables } from "../../../../src/platform/command.ts";
import { FULL } from "../../../support/thorough.ts";

const HOSTILE = [
  "; touch X",
  "$(touch X)",
  "`touch X`",
  "a\nb; touch X",
  "'; touch X; '",
  '"; touch X; "',
  "' && touch X && '",
  "\\",
  "\\'",
  "*",
  "~",
  "~root",
  "{lr}",
  "{aura.seed}",
  "}}",
  "{{",
  "--help",
  "-rf",
  "",
  " ",
  "\t\r\n",
  "$HOME",
  "${IFS}",
  "$1",
  "$@",
  '"${1}"',
  "> X",
  "| tee X",
  "& touch X &",
  "#",
  "!!",
  "%s%n",
  "\u202e\u200fabc",
  "\u{1f600}",
  "\u0001\u001b[31m",
  "a[$(touch X)]",
  "x".repeat(100_000),
];

let dir: string;
let dump: string;

beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), "aura-argv-"));
  dump = join(dir, "dump argv.mjs");
  writeFileSync(dump, "process.stdout.write(JSON.stringify(process.argv.slice(2)));\n");
});

afterAll(() => rmSync(dir, { recursive: true, force: true }));

/** What a real program gets as arguments. */
function received(command: string | readonly string[], shell: boolean, values: readonly string[]): readonly string[] {
  const spec = { ...Object.fromEntries(values.map((value, i) => [`v${i}`, value])), all: values, dump };
  const { file, args } = compileCommand(command, { shell }).render({ spec, aura: {} });
  const env = { PATH: process.env.PATH ?? "", ...parameterVariables(spec) };
  const seen: unknown = JSON.parse(execFileSync(file, [...args], { cwd: dir, env, encoding: "utf8" }));
  if (!Array.isArray(seen)) throw new Error("the program printed no list");
  return seen.map(String);
}

const node = process.execPath;
const inWords = (values: readonly string[]): string => values.map((_, i) => `--v={v${i}} a{v${i}}b`).join(" ");
const inScript = (values: readonly string[]): string =>
  values.map((_, i) => `"--v=$AURA_PARAM_v${i}" a"\${AURA_PARAM_v${i}}"b`).join(" ");
const expected = (values: readonly string[]): string[] => values.flatMap((value) => [`--v=${value}`, `a${value}b`]);

function nothingRan(): void {
  expect(existsSync(join(dir, "X"))).toBe(false);
  expect(readdirSync(dir)).toEqual(["dump argv.mjs"]);
}

const texts = fc.array(
  fc
    .oneof(
      fc.constantFrom(...HOSTILE.filter((value) => value.length < 100)),
      fc.string({ unit: "binary", maxLength: 30 }),
      fc.string({ unit: fc.constantFrom(..."'\"`$(){};&|<>*?[]~#!\\ \n\t-=a1"), maxLength: 20 }),
    )
    .filter((value) => !value.includes("\0")),
  { minLength: 1, maxLength: 40 },
);

describe("a program gets the value that the hypothesis holds, byte for byte, and nothing else runs", () => {
  it("for the known hostile values, as a list, a string and a script", () => {
    const values = HOSTILE;
    expect(received([node, dump, "--", ...values.map((_, i) => `{v${i}}`)], false, values)).toEqual(["--", ...values]);
    expect(received(`'${node}' '${dump}' ${inWords(values.slice(0, -1))}`, false, values.slice(0, -1))).toEqual(
      expected(values.slice(0, -1)),
    );
    const short = values.slice(0, -1);
    expect(received(`'${node}' '${dump}' ${inScript(short)}`, true, short)).toEqual(expected(short));
    nothingRan();
  });

  it("for any text, without a shell", () => {
    fc.assert(
      fc.property(texts, (values) => {
        expect(received([node, dump, ...inWords(values).split(" "), "--", "{all...}"], false, values)).toEqual([
          ...expected(values),
          "--",
          ...values,
        ]);
      }),
      { numRuns: FULL ? 15 : 5 },
    );
    nothingRan();
  });

  it("for any text, in the variables of a script", () => {
    fc.assert(
      fc.property(texts, (values) => {
        expect(received(`'${node}' '${dump}' ${inScript(values)}`, true, values)).toEqual(expected(values));
      }),
      { numRuns: FULL ? 15 : 5 },
    );
    nothingRan();
  });

  it("or refuses it as an option, a NUL or half a character, and then nothing runs at all", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 10 }), (value) => {
        const template = compileCommand("prog {v} x", { shell: false });
        try {
          const { args } = template.render({ spec: { v: value }, aura: {} });
          expect(args).toContain(value);
          expect(value).not.toMatch(/^-(?!\d|\.\d)/);
        } catch (error) {
          expect(error).toBeInstanceOf(CommandError);
          expect(value.startsWith("-") || value.includes("\0")).toBe(true);
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe("any template text", () => {
  const template = fc.string({ unit: fc.constantFrom(..."{}{}x?.'\"`$() \n;|<&#\\a=-"), maxLength: 30 });

  it("either compiles or is a command error, never another exception", () => {
    fc.assert(
      fc.property(template, fc.boolean(), (source, shell) => {
        try {
          const { file } = compileCommand(`p ${source}`, { shell }).render({ spec: { x: "v", a: ["w"] }, aura: {} });
          expect(file).not.toBe("");
        } catch (error) {
          expect(error).toBeInstanceOf(CommandError);
        }
      }),
      { numRuns: 3000 },
    );
  });
});
