import { randomBytes } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import type { ProcessRequest } from "../../../../src/kernel/effects.ts";
import { systemClock } from "../../../../src/platform/clock.ts";
import { type LocalProcessesOptions, localProcesses } from "../../../../src/platform/process/local.ts";

export const never = new AbortController().signal;
const PATH = process.env.PATH ?? "/usr/bin:/bin";

/** A runner of the test's own; ends what is left of its processes when disposed of. */
export function runner(options: Omit<LocalProcessesOptions, "clock"> = {}) {
  const processes = localProcesses({ clock: systemClock(), ...options });
  return { ...processes, [Symbol.dispose]: () => processes.killAll() };
}

export function request(file: string, args: readonly string[], more: Partial<ProcessRequest> = {}): ProcessRequest {
  return { file, args, cwd: "/", env: { PATH }, graceMs: 200, outputLimitBytes: 1e9, ...more };
}

export function sh(script: string, more: Partial<ProcessRequest> = {}): ProcessRequest {
  return request("sh", ["-c", script], more);
}

export function newMarker(): string {
  return `test/${randomBytes(8).toString("hex")}`;
}

/** Waits until something holds, looking every few milliseconds; fails after 10 s. */
export async function until(holds: () => boolean): Promise<void> {
  const end = performance.now() + 10_000;
  while (!holds()) {
    if (performance.now() > end) throw new Error("it never came to that");
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** Whether a process runs; one that has ended and waits to be collected does not. */
export function runs(pid: number): boolean {
  if (!existsSync(`/proc/${pid}/stat`)) return false;
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    return !/^\s*[ZX]/.test(stat.slice(stat.lastIndexOf(")") + 1));
  } catch {
    return false;
  }
}

/**
 * A tree of everything that makes ending a trial hard: a plain child, one in a session of its own, one there
 * with a cleared environment, a daemon that forked
 * twice, and a shell that ignores SIGTERM. Each writes its process id into the folder.
 */
export function hardTree(folder: string): string {
  const staying = (name: string): string => `echo $$ > ${folder}/${name}; exec sleep 300`;
  return [
    `sh -c '${staying("plain")}' &`,
    `setsid sh -c '${staying("session")}' &`,
    `env -i PATH="$PATH" setsid sh -c 'trap "" TERM; ${staying("cleared")}' &`,
    `(setsid sh -c '(${staying("daemon").replace("$$", "$(exec sh -c '\\''echo $PPID'\\'')")}) &' &)`,
    `sh -c 'trap "" TERM; echo $$ > ${folder}/stubborn; while :; do sleep 300; done' &`,
    `trap "" TERM; echo $$ > ${folder}/leader; while :; do wait; sleep 1; done`,
  ].join("\n");
}

const TREE = ["plain", "session", "cleared", "daemon", "stubborn", "leader"];

/** Process ids of the tree in the folder, once all are there. */
export async function treeIn(folder: string): Promise<readonly number[]> {
  const read = (name: string): number => {
    const file = `${folder}/${name}`;
    return existsSync(file) ? Number(readFileSync(file, "latin1").trim()) : 0;
  };
  await until(() => TREE.every((name) => read(name) > 0));
  return TREE.map(read);
}
