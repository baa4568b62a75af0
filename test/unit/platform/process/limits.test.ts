import { expect, test } from "vitest";
import { withLimits } from "../../../../src/platform/process/limits.ts";

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
