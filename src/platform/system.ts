import { randomBytes } from "node:crypto";
import type { Effects } from "../kernel/effects.ts";
import { systemClock } from "./clock.ts";
import { systemFiles } from "./files.ts";
import { localProcesses } from "./process.ts";
import { seededRng } from "./rng.ts";
import { systemVariables } from "./variables.ts";

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
