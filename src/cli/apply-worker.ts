import type { EnvironmentVariables } from "../kernel/effects.ts";
import { RunFailedError } from "../kernel/errors.ts";
import { runOwnProgram } from "../platform/own-program.ts";
import { cutOff } from "./cut-off.ts";
import { reportError } from "./report-error.ts";
import { ownSignals } from "./signals.ts";

/*
 * Replacing several files takes several steps, and whoever is killed between two of them leaves a mixture. So the
 * command that the user started only supervises, and a worker in a session of its own does the work:
 *
 *      supervisor killed   the worker does not notice, and finishes
 *      worker killed       the supervisor starts another, which finishes what the first had begun
 *      both at once        `apply.json` tells the next `aura apply`
 */

/** What this process is to do: `apply`, the whole, or `finish`, what was begun. `null`: to supervise. */
export type WorkerRole = "apply" | "finish";

const VARIABLE = "AURA_APPLY_WORKER";
/** Whoever is killed as often as this is meant to be. */
const ATTEMPTS = 4;

export function workerRole(variables: EnvironmentVariables): WorkerRole | null {
  const role = variables.get(VARIABLE);
  return role === "apply" || role === "finish" ? role : null;
}

/**
 * Runs this very command again as a worker, which says what there is to say, and answers its exit code. A first signal
 * waits for the worker, which takes moments and cannot be left half-way; a second one leaves it to itself.
 */
export async function superviseApply(): Promise<number> {
  using signals = ownSignals({
    graceMs: 60_000,
    killAll: () => {},
    lastWords: (cut, stopped) => stopped ?? reportError(cutOff(cut, null)),
  });
  let role: WorkerRole = "apply";
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    const { code, signal } = await runOwnProgram({ [VARIABLE]: role });
    if (code !== null) return signals.exitCode() ?? code;
    process.stderr.write(`aura: the process that was applying was ended by ${signal ?? "the system"}\n`);
    role = "finish";
  }
  throw new RunFailedError("apply was ended again and again; the next `aura apply` goes on with it");
}
