import type { Clock, ProcessIdentity } from "../../kernel/effects.ts";
import type { ProcessGroup } from "./ending.ts";
import { type Identities, listProcesses, ProcessTable, pause, readMarker, readStat, send } from "./proc-fs.ts";

/** How long a sweep may block for a process that does not go at once. */
const SWEEP_BOUND_MS = 100;
const FINAL_BOUND_MS = 400;
const SHORTEST_INTERVAL_MS = 1000;
/** On a machine with very many processes a sweep is slow: it gets at most 1/50 of the time. */
const INTERVAL_PER_SWEEP = 50;

/**
 * Decides when to look for what trials left outside their own group. A look reads the whole process list, so trials
 * that ended by themselves are looked after together, about once a second.
 */
export class Sweeper {
  readonly #running = new Map<string, number>();
  readonly #ended = new Set<string>();
  #timer: NodeJS.Timeout | null = null;
  #intervalMs = SHORTEST_INTERVAL_MS;

  /** A process with this marker is about to start. Several may share one. */
  started(marker: string): void {
    this.#running.set(marker, (this.#running.get(marker) ?? 0) + 1);
    this.#ended.delete(marker);
  }

  /** One has ended. `now`: look at once, because it was made to end. */
  ended(marker: string, when: "now" | "later"): void {
    const others = (this.#running.get(marker) ?? 1) - 1;
    if (others > 0) {
      this.#running.set(marker, others);
      return;
    }
    this.#running.delete(marker);
    this.#ended.add(marker);
    if (when === "now") this.#sweep();
    else this.#schedule();
  }

  /** Ends everything that carries a marker of a running or an ended trial, at once. */
  sweepAll(): void {
    const known = new Set([...this.#running.keys(), ...this.#ended]);
    this.#cancel();
    if (known.size === 0) return;
    if (sweepMarked((marker) => known.has(marker), FINAL_BOUND_MS).clean) this.#ended.clear();
  }

  #sweep(): void {
    this.#cancel();
    const start = performance.now();
    const { clean } = sweepMarked((marker) => this.#ended.has(marker), SWEEP_BOUND_MS);
    if (clean) this.#ended.clear();
    else this.#schedule();
    this.#intervalMs = Math.max(SHORTEST_INTERVAL_MS, INTERVAL_PER_SWEEP * (performance.now() - start));
  }

  #schedule(): void {
    if (this.#timer !== null || this.#ended.size === 0) return;
    this.#timer = setTimeout(() => {
      this.#timer = null;
      this.#sweep();
    }, this.#intervalMs);
    this.#timer.unref();
  }

  #cancel(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }
}

const WAIT_MS = 5000;
const POLL_MS = 5;

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
    markerPrefix === "" ? 0 : sweepMarked((marker) => marker.startsWith(markerPrefix), FINAL_BOUND_MS).killed;
  const until = clock.monotonic() + WAIT_MS;
  while (alive.some((identity) => identities.isAlive(identity)) && clock.monotonic() < until) {
    await clock.sleep(POLL_MS, new AbortController().signal);
  }
  return ended.size + swept;
}

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
function sweepMarked(matches: (marker: string) => boolean, boundMs: number): SweepResult {
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

/** On a machine with very many processes a look is slow: it gets at most 1/50 of the time. */
const INTERVAL_PER_LOOK = 50;

/**
 * Looks about once a second at what running trials have started, so that what moves to a session of its own and clears its
 * environment is known by the time it has lost its parent. What does all that between two looks is not found: only a pid
 * namespace holds such a one.
 */
export class TreeWatch {
  readonly #groups = new Set<ProcessGroup>();
  #timer: NodeJS.Timeout | null = null;

  add(group: ProcessGroup): void {
    this.#groups.add(group);
    this.#schedule(SHORTEST_INTERVAL_MS);
  }

  remove(group: ProcessGroup): void {
    this.#groups.delete(group);
  }

  #schedule(ms: number): void {
    if (this.#timer !== null) return;
    this.#timer = setTimeout(() => {
      this.#timer = null;
      if (this.#groups.size === 0) return;
      const from = performance.now();
      for (const group of this.#groups) group.look();
      this.#schedule(Math.max(SHORTEST_INTERVAL_MS, INTERVAL_PER_LOOK * (performance.now() - from)));
    }, ms);
    this.#timer.unref();
  }
}
