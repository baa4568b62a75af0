import { readdirSync } from "node:fs";
import { onTestFinished } from "vitest";
import { ScriptExecutor } from "../../src/components/executors/command.ts";
import type { ExecutionEnvironment } from "../../src/kernel/ports.ts";
import { temporaryDirectory } from "../../src/testing/temp-dir.ts";
import { executionRig, hypothesis } from "./execution-rig.ts";

/** A project whose trials run in environments, with a cache for these of its own. */
export function environmentRig(variables: Readonly<Record<string, string>> = {}) {
  const cache = temporaryDirectory();
  const home = process.env.HOME ?? "/";
  const own = { AURA_CACHE_DIR: cache.path, PIP_CONFIG_FILE: "/dev/null", HOME: home };
  const rig = executionRig({ variables: { ...own, ...variables } });
  onTestFinished(() => {
    rig[Symbol.dispose]();
    cache[Symbol.dispose]();
  });
  return {
    rig,
    cached: cache.join("environments"),
    /** Names of the environments that were made and kept. */
    made: () => readdirSync(cache.join("environments")).filter((name) => name.includes(".d-")),
    /** What a command prints in an environment, and what that says of itself. */
    async printed(environment: ExecutionEnvironment, command: readonly string[]) {
      const trial = rig.trial();
      const prepared = await environment.prepare(hypothesis(), trial);
      const raw = await new ScriptExecutor(command).run(hypothesis(), prepared, trial);
      if (raw.kind !== "process") throw new Error(JSON.stringify(raw));
      return { text: `${raw.stdoutTail}${raw.stderrTail}`.trim(), description: prepared.description };
    },
  };
}
