import { listProcesses, readMarker } from "./proc-fs.ts";
import { ProcessTable } from "./process-table.ts";
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
 * has cleared its environment and lost its parent, or changed user, is out of its reach; only a pid namespace holds such a
 * one.
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

/** Those that carry a marker, with what descends from them and has cleared its environment. */
function markedProcesses(matches: (marker: string) => boolean): readonly number[] {
  const marked = listProcesses().filter((pid) => {
    if (pid === process.pid) return false;
    const marker = readMarker(pid);
    return marker !== null && matches(marker);
  });
  if (marked.length === 0) return marked;
  const table = new ProcessTable();
  const all = new Set(marked);
  for (const pid of marked) for (const descendant of table.descendantsOf(pid).keys()) all.add(descendant);
  all.delete(process.pid);
  return [...all];
}
