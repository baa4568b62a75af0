import { describe, expect, test } from "vitest";
import { SpecError } from "../../../src/kernel/errors.ts";
import { loadSpec } from "../../../src/spec/index.ts";
import { exportedNames } from "../../../src/spec/modules.ts";
import { temporaryDirectory } from "../../../src/testing/temp-dir.ts";

describe("the exports of a module", () => {
  test.each([
    ["export function zap() {}\nexport const a = 1, b = 2;", "zap", ["zap", "a"]],
    ["export async function* gen() {}\nexport class K {}\nexport default gen;", "none", ["gen", "K", "default"]],
    ["const x = 1;\nexport { x, x as y, type T };\nexport type U = string;", "none", ["U", "x", "y", "T"]],
  ])("are told from its text: %s", (text, wanted, names) => {
    expect(exportedNames(text, wanted)).toEqual(names);
  });

  test.each([
    ["export * from './other.ts';"],
    ["export const { a, b } = both;"],
    ["export const a = 1,\n  zip = 2;"],
    ["module.exports = { zip };"],
    ["exports.zip = 1;"],
    ["console.log(1);"],
  ])("are not, where the text leaves them open: %s", (text) => {
    expect(exportedNames(text, "zip")).toBeNull();
  });
});

describe("a function that a spec names", () => {
  test("has to be exported by its module, which is not run to find out", async () => {
    using dir = temporaryDirectory();
    dir.write("m.ts", "process.exitCode = 3;\nexport function zap() {}\n");
    const path = dir.write(
      "spec.yaml",
      `version: 1
name: tiny
metric: { name: score }
runners: { m: { type: function, module: ./m.ts, export: zip } }
researcher: { type: prompt, runner: m }
experimenter: { type: function, module: ./m.ts }
evaluator: { type: function, module: ./m.ts, export: zap }
`,
    );
    const error = await loadSpec(path).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(SpecError);
    const told = error instanceof SpecError ? error.diagnostics : [];
    expect(told.map(({ line, column, message, suggestion }) => [line, column, message, suggestion])).toEqual([
      [4, 57, './m.ts has no export "zip"; it exports zap', "zap"],
      [6, 1, './m.ts has no export "default"; it exports zap', undefined],
    ]);
    expect(process.exitCode).not.toBe(3);
  });

  test.each([
    ["// export default 0.5;\nexport default (h, e) => e.summary.accuracy;", "default"],
    ["/*\nexport const zap = 0;\n*/\nexport const zap = () => 1;", "zap"],
    ["export let zap = null;\nzap = () => 1;", "zap"],
    ["const text = `\nexport const zap = 0;\n`;\nexport const zap = () => text;", "zap"],
    ["export const zap = 5 > 3 ? run : walk;", "zap"],
    ["export const zap = async () => 5;", "zap"],
  ])("is not refused for how its module looks: %s", async (source, name) => {
    using dir = temporaryDirectory();
    dir.write("m.ts", source);
    const path = dir.write(
      "spec.yaml",
      `version: 1
name: tiny
metric: { name: score }
researcher: { type: search, space: { x: { type: int, low: 1, high: 2 } } }
experimenter: { type: function, module: ./m.ts, export: ${name} }
`,
    );
    await expect(loadSpec(path)).resolves.toMatchObject({ path });
  });
});
