import { spawnSync } from "node:child_process";
import { describe, type TestContext, test } from "vitest";

/** Where tests go that need a tool of the machine. */
export interface WithTool {
  readonly works: boolean;
  readonly describe: (name: string, body: () => void) => void;
  readonly test: (name: string, body: (context: TestContext) => void | Promise<void>, timeoutMs?: number) => void;
}

/**
 * Tries a tool by doing. Where it does not work, tests that need it are skipped and say so; with `AURA_REQUIRE_TOOLS`, as in
 * `.ci/run`, that is a failure.
 */
export function withTool(tool: string, command: readonly [string, ...string[]]): WithTool {
  const [file, ...args] = command;
  const works = spawnSync(file, args, { stdio: "ignore", timeout: 30_000 }).status === 0;
  if (works) return { works, describe, test };
  if (process.env.AURA_REQUIRE_TOOLS) throw new Error(`${tool} does not work here: ${command.join(" ")}`);
  const named = (name: string): string => `${name} (needs ${tool})`;
  return {
    works,
    describe: (name, body) => void describe.skip(named(name), body),
    test: (name, body) => void test.skip(named(name), body),
  };
}

export const pythonVenv = withTool("python3 with venv", ["python3", "-c", "import venv, ensurepip"]);
export const uv = withTool("uv", ["uv", "--version"]);
export const bwrap = withTool("bubblewrap", ["bwrap", "--unshare-all", "--ro-bind", "/", "/", "true"]);
export const slurm = withTool("a Slurm cluster", ["sh", "-c", "sinfo -h -o %T | grep -E 'idle|mixed|allocated'"]);
export const cc = withTool("make and a C compiler", ["sh", "-c", "make --version && cc --version"]);
/** A cluster of one's own can be started. */
export const slurmd = withTool("Slurm's daemons, as root", [
  "sh",
  "-c",
  "test $(id -u) = 0 && command -v slurmctld slurmd",
]);

const MOUNTS = 'at=$(mktemp -d) && bindfs -r --no-allow-other / "$at" && fusermount3 -u "$at" && rmdir "$at"';
export const bindfs = withTool("bindfs", ["sh", "-c", MOUNTS]);
