import { symlinkSync } from "node:fs";
import { describe, expect, it, test } from "vitest";
import { explainRefusal, findProgram, limitGap, withLimits } from "../../../../src/platform/process/invocation.ts";
import { temporaryDirectory } from "../../../../src/testing/temp-dir.ts";
import { request } from "./support.ts";

const command = { file: "sh", args: ["-c", "true"] };

test("no limits leave the command as it is", () => {
  const where = { cwd: "/", path: "/bin", ownPath: "/nowhere" };
  expect(withLimits(command, undefined, where)).toBe(command);
  expect(withLimits(command, {}, where)).toBe(command);
});

test("limits are options of prlimit, before a program given by its full path", () => {
  const limited = withLimits(
    command,
    { memoryBytes: 1024.7, openFiles: 10 },
    { cwd: "/", path: "/bin", ownPath: "/usr/bin" },
  );
  expect(limited).toMatchObject({ args: ["--as=1024", "--nofile=10", "--core=0", "--", "/bin/sh", "-c", "true"] });
});

test("a machine without prlimit refuses limits and names it", () => {
  const where = { cwd: "/", path: "/bin", ownPath: "/nowhere", systemPath: "/nowhere" };
  expect(withLimits(command, { pids: 3 }, where)).toEqual({ refused: expect.stringContaining("prlimit") });
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

describe.runIf(process.platform === "linux")("limits on this machine", () => {
  it("are all enforced for a plain user", () => {
    expect(limitGap({ pids: 5, memoryBytes: 1, openFiles: 9 }, 1000)).toBeNull();
  });

  it("cannot bound the number of root's processes", () => {
    expect(limitGap({ pids: 5 }, 0)).toContain("root");
    expect(limitGap({ memoryBytes: 5 }, 0)).toBeNull();
  });
});

test("a refusal for want of something the machine may have again is told from one that stays", () => {
  const ends = (codes: readonly string[]) =>
    codes.map((code) => explainRefusal({ code, message: "no" }, request("sh", [])).end);
  expect(new Set(ends(["EAGAIN", "ENOMEM", "EMFILE", "ENFILE", "ETXTBSY", "EIO", ""]))).toEqual(
    new Set(["spawn-error"]),
  );
  expect(new Set(ends(["ENOENT", "EACCES", "E2BIG", "ENOEXEC", "ENAMETOOLONG"]))).toEqual(new Set(["cannot-start"]));
});
