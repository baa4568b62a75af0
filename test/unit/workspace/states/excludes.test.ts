import { describe, expect, test } from "vitest";
import { systemEffects } from "../../../../src/platform/system.ts";
import { temporaryDirectory } from "../../../../src/testing/temp-dir.ts";
import { createExcludes, keeping, projectExcludes } from "../../../../src/workspace/states/excludes.ts";

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

describe("ignore files above a project", () => {
  const files = systemEffects().files;

  test("count up to the top of the repository, by the paths that they see, and the innermost decides", () => {
    using place = temporaryDirectory();
    place.write(".gitignore", "*.txt\n");
    place.write("top/.git", "gitdir: elsewhere\n");
    place.write("top/.gitignore", "*.log\n/mid/p/only\n/other\n");
    place.write("top/mid/.gitignore", "!keep.log\n");
    place.write("top/mid/p/x", "");
    const excludes = projectExcludes(files, place.join("top/mid/p"));
    const out = (path: string): boolean => excludes.excluded(path, false);
    expect(["a.log", "keep.log", "only", "sub/only", "other", "a.txt"].map(out)).toEqual([
      true,
      false,
      true,
      false,
      false,
      false,
    ]);
    expect(excludes.within(".", "!a.log\n").excluded("a.log", false)).toBe(false);
  });

  test("count for nothing where there is no repository, or where it leaves the project itself out", () => {
    using place = temporaryDirectory();
    place.write(".gitignore", "/p/\n*.log\n");
    place.write("p/x", "");
    expect(projectExcludes(files, place.join("p")).excluded("a.log", false)).toBe(false);
    place.write(".git/HEAD", "");
    expect(projectExcludes(files, place.join("p")).excluded("a.log", false)).toBe(false);
    place.write("q/x", "");
    expect(projectExcludes(files, place.join("q")).excluded("a.log", false)).toBe(true);
  });
});
