import { mkdirSync, readdirSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { expect, it } from "vitest";
import { StorageError } from "../../../src/kernel/errors.ts";
import { dropScratch, makeScratch } from "../../../src/platform/scratch.ts";
import { systemEffects } from "../../../src/platform/system.ts";
import { temporaryDirectory } from "../../../src/testing/temp-dir.ts";

it("drops the scratch folders of one run in one workspace, and nothing else", () => {
  using dir = temporaryDirectory();
  const effects = { ...systemEffects(), variables: { get: () => dir.path, names: () => [] } };
  const folder = makeScratch("run1/7-8/call/ab", effects);
  expect(statSync(folder).mode & 0o777).toBe(0o700);
  writeFileSync(`${folder}/prompt.md`, "secret");
  makeScratch("run1/7-9/call/ab", effects);
  makeScratch("run2/7-8/call/ab", effects);
  writeFileSync(dir.join("aura-run1-7-8-file"), "somebody's");
  mkdirSync(dir.join("elsewhere"));
  symlinkSync(dir.join("elsewhere"), dir.join("aura-run1-7-8-link"));
  dropScratch("run1/7-8/", effects);
  expect(readdirSync(dir.path).sort()).toEqual([
    "aura-run1-7-8-file",
    "aura-run1-7-8-link",
    "aura-run1-7-9-call-ab",
    "aura-run2-7-8-call-ab",
    "elsewhere",
  ]);
});

it("lets scratch folders be where they cannot be listed or removed", () => {
  const effects = systemEffects();
  const list = (): never => {
    throw new StorageError("list", "/tmp", new Error("EACCES"));
  };
  expect(() => dropScratch("run1/7-8/", { ...effects, files: { ...effects.files, list } })).not.toThrow();
});
