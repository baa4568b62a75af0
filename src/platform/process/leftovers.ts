import type { Clock, ProcessIdentity } from "../../kernel/effects.ts";
import type { Identities } from "./identity.ts";
import { sweepMarked } from "./marker-sweep.ts";
import { readStat } from "./proc-fs.ts";
import { ProcessTable } from "./process-table.ts";
import { send } from "./signals.ts";

const WAIT_MS = 5000;
const POLL_MS = 5;
const SWEEP_BOUND_MS = 400;

/**
 * Ends what a dead AURA left: the recorded processes with their groups, then everything whose marker has the prefix.
 * A process is only touched when its start time is the recorded one; an id alone proves nothing. Waits until they are
 * gone, at most 5 s. Returns how many were ended.
 */
export async function endLeftovers(
  recorded: readonly ProcessIdentity[],
  markerPrefix: string,
  identities: Identities,
  clock: Clock,
): Promise<number> {
  const alive = recorded.filter(
    (identity) => identity.startedAt !== undefined && identity.pid !== process.pid && identities.isAlive(identity),
  );
  const table = new ProcessTable();
  const ended = new Set<number>();
  for (const { pid } of alive) {
    const descendants = table.descendantsOf(pid);
    if (readStat(pid)?.group === pid) send(-pid, "SIGKILL");
    for (const each of [pid, ...descendants.keys()]) {
      send(each, "SIGKILL");
      ended.add(each);
    }
  }
  // An empty prefix would match the trials of every AURA on this machine.
  const swept =
    markerPrefix === "" ? 0 : sweepMarked((marker) => marker.startsWith(markerPrefix), SWEEP_BOUND_MS).killed;
  const until = clock.monotonic() + WAIT_MS;
  while (alive.some((identity) => identities.isAlive(identity)) && clock.monotonic() < until) {
    await clock.sleep(POLL_MS, new AbortController().signal);
  }
  return ended.size + swept;
}
