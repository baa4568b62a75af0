import { symlinkSync } from "node:fs";
import { expect, test } from "vitest";
import { explainRefusal, findProgram, limited } from "../../../../src/platform/process/invocation.ts";
import { temporaryDirectory } from "../../../../src/testing/temp-dir.ts";
import { request } from "./support.ts";

const command = { file: "sh", args: ["-c", "true"], cwd: "/", env: { PATH: "/bin" } };

test("no limits leave the command as it is", () => {
  expect(limited(command, { each: {}, group: null })).toEqual({ file: "sh", args: ["-c", "true"] });
});

test("limits are options of prlimit, before a program given by its full path", () => {
  const each = { memoryBytes: 1024.7, cpuSeconds: 3, openFiles: 10 };
  const options = ["--as=1024", "--cpu=3:4", "--nofile=10", "--core=0"];
  expect(limited(command, { each, group: null })).toMatchObject({ args: [...options, "--", "/bin/sh", "-c", "true"] });
});

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

test("a refusal for want of something the machine may have again is told from one that stays", () => {
  const ends = (codes: readonly string[]) =>
    codes.map((code) => explainRefusal({ code, message: "no" }, request("sh", [])).end);
  expect(new Set(ends(["EAGAIN", "ENOMEM", "EMFILE", "ENFILE", "ETXTBSY", "EIO", ""]))).toEqual(
    new Set(["spawn-error"]),
  );
  expect(new Set(ends(["ENOENT", "EACCES", "E2BIG", "ENOEXEC", "ENAMETOOLONG"]))).toEqual(new Set(["cannot-start"]));
});
