import { expect, test } from "vitest";
import { createExcludes, keeping } from "../../../../src/workspace/artifacts/excludes.ts";

test("patterns exclude as in .gitignore, and an inner file decides over an outer one", () => {
  const outer = createExcludes(["*.log", "/build", "tmp/"]);
  expect(outer.excluded("a/x.log", false)).toBe(true);
  expect(outer.excluded("build", true)).toBe(true);
  expect(outer.excluded("a/build", true)).toBe(false);
  expect(outer.excluded("tmp", true)).toBe(true);
  expect(outer.excluded("tmp", false)).toBe(false);
  const inner = outer.within("a", "!x.log\n/only\n");
  expect(inner.excluded("a/x.log", false)).toBe(false);
  expect(inner.excluded("b/x.log", false)).toBe(true);
  expect(inner.excluded("a/only", false)).toBe(true);
  expect(inner.excluded("a/b/only", false)).toBe(false);
});

test("git's folder and packages are out whatever a pattern says; names the matcher cannot take are in", () => {
  const excludes = createExcludes(["!.git", "!node_modules", "*"]);
  expect(excludes.excluded("a/.git", true)).toBe(true);
  expect(excludes.excluded("node_modules", true)).toBe(true);
  expect(() => excludes.excluded(" ", false)).not.toThrow();
});

test("a path that is kept stays in, those beside it do not", () => {
  const excludes = keeping(createExcludes(["*.log"]), new Set(["a/x.log"])).within("a", "*.txt");
  expect([
    excludes.excluded("a/x.log", false),
    excludes.excluded("a/y.log", false),
    excludes.excluded("a/z.txt", false),
  ]).toEqual([false, true, true]);
});
