import { spawnSync } from "node:child_process";
import { expect, it } from "vitest";
import { failedOutcome } from "../../../../../src/components/executors/jobs.ts";
import { SlurmExecutor } from "../../../../../src/index.ts";

const place = { root: "/", inputs: [], trialDir: "/", libraries: [] };

/** How a trial of `echo score=1` fails that is run behind these lines; `null` when it does not. */
function outcomeBehind(setup: string) {
  const { starter } = new SlurmExecutor("true", { setup });
  const echo = { file: "echo", args: ["score=1"], env: {}, cwd: "/" };
  const command = starter.wrap?.(echo, place) ?? echo;
  const { status, stderr } = spawnSync(command.file, command.args, { encoding: "utf8" });
  const end = { end: "exited", exitCode: status, signal: null, stderrTail: stderr } as const;
  const said = starter.ended?.(end, place) ?? end;
  const lines = { stdout: [], truncated: false };
  return failedOutcome({ kind: "process", durationMs: 1, stdoutTail: "", lines, stderrTail: "", ...said });
}

it("a setup that ends instead of going on is told as such, with what it said last", () => {
  expect(outcomeBehind("echo one >&2; echo 'no module cuda/99' >&2; exit 3")).toEqual({
    status: "failed",
    failure: {
      code: "exit-code",
      exitCode: 3,
      message: "`setup` exited with code 3, and its command was not started",
      logTail: "one\nno module cuda/99\n",
    },
  });
  expect(outcomeBehind("exit 0")?.failure.message).toBe("`setup` exited with code 0, and its command was not started");
  for (const setup of ["set -e\nfalse", "if"]) expect(outcomeBehind(setup)?.failure.message).toMatch(/^`setup` exited/);
});

it("a command that fails behind a setup has failed itself", () => {
  expect(outcomeBehind("set -e; trap 'echo bye >&2' EXIT; echo ready >&2")).toBeNull();
  expect(outcomeBehind("echo() { false; }; set -- false")?.failure.message).toBe("exited with code 1");
});
