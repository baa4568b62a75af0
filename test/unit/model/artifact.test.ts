import { expect, test } from "vitest";
import { artifactPath, artifactPaths } from "../../../src/model/artifact.ts";
import { DirectoryArtifact, FileArtifact } from "../../../src/workspace/artifact.ts";

test.each([
  ["train.py", "train.py"],
  ["./src/", "src"],
  ["src//", "src"],
  [".", "."],
  ["./", "."],
  [".github/x", ".github/x"],
  ["a b/ü", "a b/ü"],
])("%j is tracked as %j", (given, expected) => expect(artifactPath(given)).toBe(expected));

test.each(["", "/etc", "..", "../x", "a/../b", "a//b", "a/./b", "C:\\x", "C:/x", ".git", "a/.GIT/b", "a\nb", "\0"])(
  "%j cannot be tracked",
  (path) => {
    expect(() => artifactPath(path)).toThrow(RangeError);
  },
);

test("tracked paths are sorted, without repeats and without what lies inside another", () => {
  const artifacts = [new FileArtifact("train.py"), new DirectoryArtifact("src/"), "src/a.py", "./src", "src-more"];
  expect(artifactPaths(artifacts)).toEqual(["src", "src-more", "train.py"]);
  expect(artifactPaths([".", "a"])).toEqual(["."]);
});

test("a file artifact is a file's path", () => {
  expect(new FileArtifact("./train.py").path).toBe("train.py");
  expect(new DirectoryArtifact("./").path).toBe(".");
  expect(() => new FileArtifact("src/")).toThrow(/use DirectoryArtifact/);
  expect(() => new FileArtifact(".")).toThrow(/use DirectoryArtifact/);
});
