import { listProcesses, readMarker } from "./proc-fs.ts";
import { pause, send } from "./signals.ts";

/** A process that forks and ends at once can slip through one look at the list, so nothing is clean before two. */
const CLEAN_LOOKS = 2;

export interface SweepResult {
  /** How many processes were ended. */
  readonly killed: number;
  /** Nothing that matches is left. `false` when something would not go in time. */
  readonly clean: boolean;
}

/**
 * Ends every process whose `AURA_TRIAL` matches, whatever group or session it has moved to, and looks again until none
 * is left or `boundMs` have passed. Synchronous, so that it can be the last thing this process does. A process that
 * has cleared its environment or changed user is out of its reach; only a pid namespace holds such a one.
 */
export function sweepMarked(matches: (marker: string) => boolean, boundMs: number): SweepResult {
  const killed = new Set<number>();
  const until = performance.now() + boundMs;
  for (let clean = 0; clean < CLEAN_LOOKS; ) {
    const found = markedProcesses(matches);
    if (found.length === 0) {
      clean += 1;
      continue;
    }
    clean = 0;
    for (const pid of found) {
      killed.add(pid);
      send(pid, "SIGKILL");
    }
    if (performance.now() > until) return { killed: killed.size, clean: false };
    pause(1);
  }
  return { killed: killed.size, clean: true };
}

function markedProcesses(matches: (marker: string) => boolean): readonly number[] {
  return listProcesses().filter((pid) => {
    if (pid === process.pid) return false;
    const marker = readMarker(pid);
    return marker !== null && matches(marker);
  });
}
