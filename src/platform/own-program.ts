import { spawn } from "node:child_process";

/** How a process ended: with a code, or by a signal. */
export interface ProgramEnd {
  readonly code: number | null;
  readonly signal: string | null;
}

/**
 * Runs this process's own program with the same arguments in a session of its own, which no terminal and no group of
 * this process's reaches, on the same standard streams. What the environment has Node load besides is left out: nothing
 * but AURA's own code can get in its way.
 */
export function runOwnProgram(variables: Readonly<Record<string, string>>): Promise<ProgramEnd> {
  const { NODE_OPTIONS: _, ...inherited } = process.env;
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, process.argv.slice(1), {
      detached: true,
      stdio: "inherit",
      env: { ...inherited, ...variables },
    });
    child.on("error", reject);
    child.on("exit", (code, signal) => resolve({ code, signal }));
  });
}
