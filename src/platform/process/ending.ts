import { type ProcessUsage, TimeoutReached } from "../../kernel/effects.ts";
import { messageOf } from "../../kernel/errors.ts";
import { isNested, isThere, membersOf, type Pids, ProcessTable, readStat, send } from "./proc-fs.ts";
import { UsageMeter } from "./usage.ts";

/** Why AURA ended a process. */
export interface Reason {
  readonly end: "timeout" | "cancelled" | "output-limit";
  readonly message: string;
}

/** How long a process that got SIGKILL may take to go; one that waits for a dead disk takes for ever. */
const KILL_WAIT_MS = 5000;

/** The reason of a signal that aborted: a deadline's, or a stop. */
export function reasonOfAbort(signal: AbortSignal): Reason {
  const message = messageOf(signal.reason);
  return signal.reason instanceof TimeoutReached ? { end: "timeout", message } : { end: "cancelled", message };
}

/**
 * Ends a process once: SIGTERM to its group, after the grace SIGKILL. The first reason is the reason; what comes
 * later, while it is already being ended, changes nothing. A process that is not there yet is ended as it starts.
 */
export class Ending {
  readonly #graceMs: number;
  readonly #unkillable: () => void;
  #group: ProcessGroup | null = null;
  #reason: Reason | null = null;
  #forced = false;
  #gone = false;
  #timer: NodeJS.Timeout | null = null;

  /** `unkillable` is called when the process is still there long after SIGKILL. */
  constructor(graceMs: number, unkillable: () => void) {
    this.#graceMs = graceMs;
    this.#unkillable = unkillable;
  }

  get reason(): Reason | null {
    return this.#reason;
  }

  /** The process is there. */
  started(group: ProcessGroup): void {
    this.#group = group;
    if (this.#forced) this.#kill();
    else if (this.#reason !== null) this.#ask();
  }

  /** Asks the process to end and makes it, if need be. */
  request(reason: Reason): void {
    if (this.#reason !== null) return;
    this.#reason = reason;
    this.#ask();
  }

  /** Ends the process now. */
  force(reason: Reason): void {
    this.#reason ??= reason;
    this.#forced = true;
    if (this.#gone) this.#group?.killRest();
    else this.#kill();
  }

  /** The process has ended: nothing is sent to it any more. */
  gone(leftOthers: boolean): void {
    this.#gone = true;
    this.dispose();
    this.#group?.leaderEnded(leftOthers);
  }

  /** Ends what the process left in its group, or was seen to descend from it, and says which these are. */
  killRest(): Pids {
    return this.#group?.killRest() ?? new Map();
  }

  dispose(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }

  #ask(): void {
    if (this.#gone || this.#group === null) return;
    this.#group.signal("SIGTERM");
    this.#timer = setTimeout(() => this.#kill(), this.#graceMs);
  }

  #kill(): void {
    if (this.#group === null) return;
    this.dispose();
    this.#group.signal("SIGKILL");
    this.#timer = setTimeout(this.#unkillable, KILL_WAIT_MS);
  }
}

/**
 * The process group of a child that was started as its leader, and what has left it for a session of its own. Signals go
 * to the group and not to the leader, because a leader that is ended alone leaves its own children running.
 */
export class ProcessGroup {
  readonly #id: number;
  readonly #table: ProcessTable;
  readonly #isolated: boolean;
  /** Descendants that were seen at some time, with their start time: found again after they have lost their parent. */
  readonly #seen = new Map<number, string>();
  readonly #meter = new UsageMeter();
  #left: "leader" | "members" | "nobody" = "leader";

  constructor(leader: number, table: ProcessTable, isolated = false) {
    this.#id = leader;
    this.#table = table;
    this.#isolated = isolated;
  }

  signal(signal: "SIGTERM" | "SIGKILL"): void {
    if (this.#left === "nobody") return;
    // Before the signal: afterwards nobody can tell whose children those were whose parent it has ended.
    this.look();
    const inside = signal === "SIGTERM" && this.#isolated ? [...this.#seen.keys()].filter(isNested) : [];
    for (const pid of inside) send(pid, signal);
    if (inside.length === 0) send(-this.#id, signal);
    if (signal === "SIGKILL") this.#killSeen();
  }

  /** Remembers who descends from the leader now, and what they use. */
  look(): void {
    if (this.#left !== "leader") return;
    for (const [pid, startTicks] of this.#table.descendantsOf(this.#id)) this.#seen.set(pid, startTicks);
    for (const [pid, startTicks] of [...this.#seen]) {
      if (readStat(pid)?.startTicks !== startTicks) {
        this.#seen.delete(pid);
        continue;
      }
      for (const [child, ticks] of this.#table.descendantsOf(pid)) this.#seen.set(child, ticks);
    }
    this.#meter.look([this.#id, ...this.#seen.keys()]);
  }

  /** Stops all of it where it is, so that it can go on. Whether all of it has stopped by now. */
  freeze(): boolean {
    this.look();
    if (this.#left === "leader") send(-this.#id, "SIGSTOP");
    for (const pid of this.#seen.keys()) send(pid, "SIGSTOP");
    return [this.#id, ...this.#seen.keys()].every((pid) => /[TtZX]/.test(readStat(pid)?.state ?? "X"));
  }

  thaw(): void {
    if (this.#left === "leader") send(-this.#id, "SIGCONT");
    for (const [pid, startTicks] of this.#seen) if (isThere(pid, startTicks)) send(pid, "SIGCONT");
  }

  /** What it used, as far as was seen. */
  usage(): ProcessUsage {
    return this.#meter.usage();
  }

  /**
   * To be called as the leader's end is known. From then on its id may be given to another process, unless the group
   * still has members: only if these were there as the leader ended, the group is signalled again.
   */
  leaderEnded(leftOthers: boolean): void {
    this.#left = leftOthers ? "members" : "nobody";
  }

  /** Ends what the leader left behind, and says which these are. */
  killRest(): Pids {
    const members = this.#left === "members" ? [...membersOf(this.#id)] : [];
    for (const [pid, startTicks] of members) this.#seen.set(pid, startTicks);
    const there = [...this.#seen].filter(([pid, startTicks]) => isThere(pid, startTicks));
    // What they have started since they were seen is nobody's child once they are ended.
    const table = there.length > 0 ? new ProcessTable() : null;
    for (const [pid] of there)
      for (const [child, ticks] of table?.descendantsOf(pid) ?? []) this.#seen.set(child, ticks);
    if (this.#left === "members") send(-this.#id, "SIGKILL");
    if (this.#left !== "leader") this.#left = "nobody";
    return new Map([...members, ...this.#killSeen()]);
  }

  #killSeen(): Pids {
    const there = [...this.#seen].filter(([pid, startTicks]) => isThere(pid, startTicks));
    for (const [pid] of there) send(pid, "SIGKILL");
    return new Map(there);
  }
}
