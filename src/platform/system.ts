import { randomBytes } from "node:crypto";
import type { Effects, EnvironmentVariables } from "../kernel/effects.ts";
import { systemClock } from "./clock.ts";
import { systemFiles } from "./files/local.ts";
import { localProcesses } from "./process/local.ts";
import { seededRng } from "./rng.ts";

/**
 * The machine AURA runs on. Whoever makes this owns its processes: call `processes.killAll()` before the process
 * exits, so that none of them outlives it.
 */
export function systemEffects(): Effects {
  const clock = systemClock();
  return {
    clock,
    files: systemFiles(),
    processes: localProcesses({ clock }),
    variables: systemVariables(),
    rng: seededRng,
    token: (bytes) => randomBytes(bytes).toString("hex"),
  };
}

/** The environment AURA itself was started with; an empty variable counts as set. */
function systemVariables(): EnvironmentVariables {
  return {
    get: (name) => process.env[name],
    names: () => Object.keys(process.env).sort(),
  };
}

/** Writes a line to standard output. */
export function writeLine(line: string): void {
  process.stdout.write(`${line}\n`);
}
