import { mkdirSync, symlinkSync } from "node:fs";
import { dirname } from "node:path";
import { describe, expect, test } from "vitest";
import { asTyped } from "../../../src/cli/typed.ts";
import { testFolder } from "../../support/test-folder.ts";

describe("commands in a text", () => {
  const dir = testFolder();

  const text = "go on with: aura resume runs/a\n  aura inspect runs/a  # `aura repair`; aura run --help, npx aura run";
  /** The text where `script` was started, a link to `program`. */
  const typed = (script: string, program: string): string => {
    dir.write(program, "");
    mkdirSync(dirname(dir.join(script)), { recursive: true });
    symlinkSync(dir.join(program), dir.join(script));
    return asTyped(text, dir.join(script));
  };

  test("are as they are typed where aura is on PATH", () => {
    expect(typed("bin/aura", "lib/aura.cjs")).toBe(text);
  });

  test("begin with npx in a project and in a clone, where npx makes a link to it", () => {
    const npx = text.replaceAll(/(?<!npx )aura (?=re|i|run --)/g, "npx aura ");
    expect(typed("project/node_modules/.bin/aura", "project/node_modules/aura-research/bin/aura.cjs")).toBe(npx);
    expect(typed("_npx/1/node_modules/.bin/aura", "clone/bin/aura.cjs")).toBe(npx);
  });

  test("name the package where npx fetched it for this once", () => {
    const fetched = typed("_npx/2/node_modules/.bin/aura", "_npx/2/node_modules/aura-research/bin/aura.cjs");
    expect(fetched).toContain("go on with: npx -p aura-research aura resume runs/a\n");
  });

  test("are the only words that change", () => {
    const words = "aura: runs/aura run by aura-research: aura keeps ./aura resume";
    dir.write("node_modules/.bin/aura", "");
    expect(asTyped(words, dir.join("node_modules/.bin/aura"))).toBe(words);
  });
});
