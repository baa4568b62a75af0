import { describe, expect, test } from "vitest";
import { SpecError } from "../../../src/kernel/errors.ts";
import { loadSpec } from "../../../src/spec/index.ts";
import { temporaryDirectory } from "../../../src/testing/temp-dir.ts";

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
    ["export * from './other.ts';", "zap"],
    ["module.exports = () => 1;", "default"],
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
