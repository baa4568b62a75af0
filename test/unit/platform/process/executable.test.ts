import { symlinkSync } from "node:fs";
import { expect, test } from "vitest";
import { findProgram } from "../../../../src/platform/process/executable.ts";
import { temporaryDirectory } from "../../../../src/testing/temp-dir.ts";

test("a folder of PATH that cannot be searched is passed by, as a shell does", () => {
  using place = temporaryDirectory();
  // Nobody, root included, can look into a link to itself.
  symlinkSync("loop", place.join("loop"));
  place.write("bin/tool", "#!/bin/sh\n", 0o755);
  const path = `${place.join("loop")}:/${"x".repeat(5000)}:${place.join("bin")}`;
  expect(findProgram("tool", "/", path)).toEqual({ path: place.join("bin/tool"), executable: true });
  expect(findProgram("other", "/", path)).toBeNull();
  expect(findProgram(`${place.join("loop")}/tool`, "/", path)).toBeNull();
});
