import type { ProcessIdentity } from "../../kernel/effects.ts";
import type { ProcessGroup } from "./ending.ts";
import {
  type Identities,
  isThere,
  listProcesses,
  markerReader,
  membersOf,
  type Pids,
  ProcessTable,
  pause,
  readStat,
  send,
} from "./proc-fs.ts";

/** How long what got SIGKILL is waited for: a process that gives back much memory or a device takes its time. */
const GONE_BOUND_MS = 5000;
/** The same when AURA itself is being ended, and must be gone within half a second. */
const FINAL_BOUND_MS = 400;
/** A process that forks and ends at once can slip through one look at the list. */
const CLEAN_LOOKS = 2;
const LONGEST_PAUSE_MS = 50;
const REMEMBERED_MS = 10_000;

/** What a process was ended for, as far as that says what it may have left. */
export interface EndedProcess {
  /** `AURA_TRIAL` of whatever it started. */
  readonly marker: string;
  /** What has already been ended of it. */
  readonly killed: Pids;
  /** It ended by itself, and all that it had open was closed: one look that finds nothing is enough. */
  readonly byItself: boolean;
}

/**
 * Which processes carry a marker. Most of a machine's carry none and live long, so that is not read of them at every
 * look. A process id comes back only after all others, which takes longer than this remembers one.
 */
class MarkedProcesses {
  /** Of the last look: those without a marker, and those of them for which that was so the time before as well. */
  #once: ReadonlySet<number> = new Set();
  #unmarked: ReadonlySet<number> = new Set();
  readonly #readMarker = markerReader();
  #since = Number.NEGATIVE_INFINITY;

  /** Those whose marker matches, with what descends from them and has cleared its environment. */
  find(matches: (marker: string) => boolean): Pids {
    const now = performance.now();
    const known = now - this.#since < REMEMBERED_MS ? this.#unmarked : null;
    if (known === null) this.#since = now;
    const once = new Set<number>();
    const unmarked = new Set<number>();
    const marked: number[] = [];
    for (const pid of listProcesses()) {
      const marker = pid === process.pid || known?.has(pid) ? null : this.#readMarker(pid);
      if (marker !== null) {
        if (matches(marker)) marked.push(pid);
        continue;
      }
      once.add(pid);
      // Twice, because a process that is just becoming another program shows nothing.
      if (this.#once.has(pid)) unmarked.add(pid);
    }
    this.#once = once;
    this.#unmarked = unmarked;
    return withDescendants(marked);
  }
}

function withDescendants(marked: readonly number[]): Pids {
  const all = new Map<number, string>();
  if (marked.length === 0) return all;
  const table = new ProcessTable();
  for (const pid of marked) {
    const startTicks = readStat(pid)?.startTicks;
    if (startTicks !== undefined) all.set(pid, startTicks);
    for (const [descendant, ticks] of table.descendantsOf(pid)) all.set(descendant, ticks);
  }
  all.delete(process.pid);
  return all;
}

/** Ends what processes leave outside of their own groups, before anything else takes their place. */
export class Leftovers {
  /** How many processes with a marker run, or are being looked after. */
  readonly #running = new Map<string, number>();
  /** Markers of what would not go. */
  readonly #stayed = new Set<string>();
  readonly #marked = new MarkedProcesses();

  /** A process with this marker is about to start. Several may share one. */
  started(marker: string): void {
    this.#running.set(marker, (this.#running.get(marker) ?? 0) + 1);
  }

  /** Nothing was started after all. */
  refused(marker: string): void {
    const others = (this.#running.get(marker) ?? 1) - 1;
    if (others > 0) this.#running.set(marker, others);
    else this.#running.delete(marker);
  }

  /**
   * One has ended. Resolves when nothing of it is left, or would not go in 5 s. What shares its marker and runs, or
   * starts meanwhile, is left alone.
   */
  async ended({ marker, killed, byItself }: EndedProcess): Promise<void> {
    const looks = byItself && killed.size === 0 ? 1 : CLEAN_LOOKS;
    const sweep = sweepMarked(() => this.#marked.find((other) => other === marker), {
      killed,
      looks,
      boundMs: GONE_BOUND_MS,
    });
    let pauseMs = 1;
    let step: ReturnType<typeof sweep.next> | null = null;
    while (this.#running.get(marker) === 1) {
      step = sweep.next();
      if (step.done) break;
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
      pauseMs = Math.min(LONGEST_PAUSE_MS, 2 * pauseMs);
    }
    if (step?.done && !step.value.clean) this.#stayed.add(marker);
    this.refused(marker);
  }

  /** These are of processes that an earlier AURA left, and may be gone on with: ended with all else at the latest. */
  spare(markers: Iterable<string>): void {
    for (const marker of markers) this.#stayed.add(marker);
  }

  /** Ends everything that carries a marker of a process that runs, or has left something, at once. */
  sweepAll(): void {
    const known = new Set([...this.#running.keys(), ...this.#stayed]);
    if (known.size === 0) return;
    const find = (): Pids => new MarkedProcesses().find((marker) => known.has(marker));
    const sweep = sweepMarked(find, { looks: CLEAN_LOOKS, boundMs: FINAL_BOUND_MS });
    while (!sweep.next().done) pause(1);
  }
}

/**
 * Ends what a dead AURA left: the recorded processes with their groups and descendants, then everything whose marker
 * matches, unless that is nothing. A process is only touched when its start time is the recorded one; an id alone proves nothing. Waits
 * until they are gone, at most 5 s. Returns how many were ended.
 */
export async function endLeftovers(
  recorded: readonly ProcessIdentity[],
  matches: ((marker: string) => boolean) | null,
  identities: Identities,
): Promise<number> {
  const table = new ProcessTable();
  const killed = new Map<number, string>();
  for (const identity of recorded) {
    const { pid, startedAt } = identity;
    if (startedAt === undefined || pid === process.pid || !identities.isAlive(identity)) continue;
    const stat = readStat(pid);
    if (stat === null) continue;
    const group = stat.group === pid ? membersOf(pid) : [];
    for (const [each, ticks] of [[pid, stat.startTicks] as const, ...group, ...table.descendantsOf(pid)]) {
      killed.set(each, ticks);
    }
  }
  for (const pid of killed.keys()) send(pid, "SIGKILL");
  const find = (): Pids => (matches === null ? new Map() : new MarkedProcesses().find(matches));
  const sweep = sweepMarked(find, { killed, looks: CLEAN_LOOKS, boundMs: GONE_BOUND_MS });
  for (let step = sweep.next(); ; step = sweep.next()) {
    if (step.done) return step.value.killed;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

interface SweepOptions {
  /** What has been ended already, and is to be gone as well. */
  readonly killed?: Pids;
  /** Looks in a row that must find nothing, as long as none has found anything. */
  readonly looks: number;
  readonly boundMs: number;
}

interface SweepResult {
  /** How many processes were ended, with those that had been. */
  readonly killed: number;
  /** Nothing that matches is left. `false` when something would not go in time. */
  readonly clean: boolean;
}

/**
 * Ends every process that `find` finds by its marker, whatever group or session it has moved to, and looks again until none is left and all that were ended are gone, or the time is up. Gone, and not only ended: until the system has
 * closed what a process had open, locks and devices are taken. Whoever drives it waits a moment at each step. A process
 * that has cleared its environment and lost its parent, or changed user, is out of its reach; only a pid namespace
 * holds such a one.
 */
function* sweepMarked(
  find: () => Pids,
  { killed: before, looks, boundMs }: SweepOptions,
): Generator<void, SweepResult> {
  const killed = new Map(before);
  const until = performance.now() + boundMs;
  let needed = looks;
  for (let clean = 0; clean < needed; ) {
    const found = find();
    for (const [pid, startTicks] of found) {
      killed.set(pid, startTicks);
      send(pid, "SIGKILL");
    }
    if (found.size === 0 && ![...killed].some(([pid, startTicks]) => isThere(pid, startTicks))) {
      clean += 1;
      continue;
    }
    clean = 0;
    needed = CLEAN_LOOKS;
    if (performance.now() > until) return { killed: killed.size, clean: false };
    yield;
  }
  return { killed: killed.size, clean: true };
}

const INTERVAL_MS = 1000;
/** The first look at a new one, so that what a short one uses is seen. */
const FIRST_LOOK_MS = 50;
/** On a machine with very many processes a look is slow: it gets at most 1/50 of the time. */
const INTERVAL_PER_LOOK = 50;

/**
 * Looks about once a second at what running trials have started, so that what moves to a session of its own and clears its
 * environment is known by the time it has lost its parent. What does all that between two looks is not found: only a pid
 * namespace holds such a one.
 */
export class TreeWatch {
  readonly #groups = new Set<ProcessGroup>();
  #timer: { readonly id: NodeJS.Timeout; readonly at: number } | null = null;
  /** Not before this: looks take at most their share of the time. */
  #earliest = 0;

  add(group: ProcessGroup): void {
    this.#groups.add(group);
    this.#schedule(FIRST_LOOK_MS);
  }

  remove(group: ProcessGroup): void {
    this.#groups.delete(group);
  }

  #schedule(ms: number): void {
    const at = Math.max(performance.now() + ms, this.#earliest);
    if (this.#timer !== null) {
      if (this.#timer.at <= at) return;
      clearTimeout(this.#timer.id);
    }
    const id = setTimeout(() => this.#look(), at - performance.now());
    id.unref();
    this.#timer = { id, at };
  }

  #look(): void {
    this.#timer = null;
    if (this.#groups.size === 0) return;
    const from = performance.now();
    for (const group of this.#groups) group.look();
    const now = performance.now();
    this.#earliest = now + INTERVAL_PER_LOOK * (now - from);
    this.#schedule(INTERVAL_MS);
  }
}
