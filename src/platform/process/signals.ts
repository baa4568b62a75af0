/** Sends a signal to a process, or with a negative id to a group; `false` when there is none to get it. */
export function send(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    process.kill(pid, signal);
    return true;
  } catch (thrown) {
    // ESRCH: nobody there. EPERM: somebody is, who has changed user; nothing more can be done about it.
    return thrown instanceof Error && "code" in thrown && thrown.code === "EPERM";
  }
}

/** Blocks this thread; for the few milliseconds a killed process needs to go, where nothing may be awaited. */
export function pause(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}
