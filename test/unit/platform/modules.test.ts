import { existsSync, mkdirSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { SpecError } from "../../../src/kernel/errors.ts";
import { loadModule } from "../../../src/platform/modules.ts";
import { testFolder } from "../../support/test-folder.ts";

const folder = testFolder();

const file = (name: string, source: string): string => folder.write(name, source);

describe("loadModule", () => {
  it("loads TypeScript and JavaScript, with what they import", async () => {
    file("helper.ts", "export const two: number = 2;");
    const path = file(
      "mine.ts",
      'import { two } from "./helper.ts";\nexport default { kind: "x" as const };\nexport const four = two * 2;',
    );
    const loaded = await loadModule(path);
    expect(loaded.four).toBe(4);
    expect(loaded.default).toEqual({ kind: "x" });
    expect((await loadModule(file("plain.mjs", "export default 7;"))).default).toBe(7);
  });

  it.each(["own.cjs", "own.js"])(
    "takes what CommonJS assigns to module.exports for the default export: %s",
    async (name) => {
      const own = await loadModule(
        file(name, 'const { isAuraError } = require("aura-research");\nmodule.exports = { kind: "x", isAuraError };'),
      );
      expect(own.default).toMatchObject({ kind: "x", isAuraError: expect.any(Function) });
      expect((await loadModule(file(`plain-${name}`, "module.exports = { kind: 'x' };"))).default).toEqual({
        kind: "x",
      });
      const compiled =
        'Object.defineProperty(exports, "__esModule", { value: true });\nexports.default = { kind: "y" };';
      expect((await loadModule(file(`compiled-${name}`, compiled))).default).toEqual({ kind: "y" });
    },
  );

  it("has no default export where an ES module has none", async () => {
    expect(Object.keys(await loadModule(file("named.ts", "export const a = 1;")))).toEqual(["a"]);
    expect(Object.keys(await loadModule(file("named.mjs", "export const a = 1;")))).toEqual(["a"]);
  });

  it("names the module that is missing or does not load", async () => {
    await expect(loadModule(folder.join("no.ts"))).rejects.toThrow(/no module .*no\.ts/);
    await expect(loadModule(file("broken.ts", "export const = 3;"))).rejects.toThrow(SpecError);
    await expect(loadModule(file("throws.ts", 'interface A {\n  a: 1;\n}\nthrow new Error("boom");'))).rejects.toThrow(
      /throws\.ts:4: boom/,
    );
    await expect(loadModule(file("lost.ts", '\nimport "./nowhere.ts";'))).rejects.toThrow(/lost\.ts:2: .*nowhere/);
  });

  it("takes the module that a folder has as its index, and says of one without that it is a folder", async () => {
    for (const name of ["whole", "empty", "lost"]) mkdirSync(folder.join(name));
    file("whole/index.ts", "export default 3;");
    expect((await loadModule(folder.join("whole"))).default).toBe(3);
    const empty = folder.join("empty");
    await expect(loadModule(empty)).rejects.toThrow(
      `${empty} is a folder without an index.ts or index.js; name the module's file`,
    );
    file("lost/index.ts", 'import "./nowhere.ts";');
    await expect(loadModule(folder.join("lost"))).rejects.toThrow(/cannot load the module .*lost: .*nowhere/);
  });

  it("lets a module share this package's own classes", async (test) => {
    if (!existsSync(new URL("../../../src/index.ts", import.meta.url))) test.skip();
    const path = file(
      "uses.ts",
      'import { isAuraError, ReplayRunner } from "aura-research";\nexport { isAuraError, ReplayRunner };',
    );
    const loaded = await loadModule(path);
    const own = await import("../../../src/components/runners/replay.ts");
    expect(loaded.ReplayRunner).toBe(own.ReplayRunner);
  });
});
