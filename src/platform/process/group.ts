import { readStat } from "./proc-fs.ts";
import type { ProcessTable } from "./process-table.ts";
import { send } from "./signals.ts";

/**
 * The process group of a child that was started as its leader, and what has left it for a session of its own. Signals go
 * to the group and not to the leader, because a leader that is ended alone leaves its own children running.
 */
export class ProcessGroup {
  readonly #id: number;
  readonly #table: ProcessTable;
  /** Descendants that were seen at some time, with their start time: found again after they have lost their parent. */
  readonly #seen = new Map<number, string>();
  #left: "leader" | "members" | "nobody" = "leader";

  constructor(leader: number, table: ProcessTable) {
    this.#id = leader;
    this.#table = table;
  }

  signal(signal: "SIGTERM" | "SIGKILL"): void {
    if (this.#left === "nobody") return;
    // Before the signal: afterwards nobody can tell whose children those were whose parent it has ended.
    this.look();
    send(-this.#id, signal);
    if (signal === "SIGKILL") this.#killSeen();
  }

  /** Remembers who descends from the leader now. */
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
  }

  /**
   * To be called as the leader's end is known. From then on its id may be given to another process, unless the group
   * still has members: only if these were there as the leader ended, the group is signalled again.
   */
  leaderEnded(leftOthers: boolean): void {
    this.#left = leftOthers ? "members" : "nobody";
  }

  /** Ends what the leader left behind. */
  killRest(): void {
    if (this.#left === "members") send(-this.#id, "SIGKILL");
    if (this.#left !== "leader") this.#left = "nobody";
    this.#killSeen();
  }

  #killSeen(): void {
    for (const [pid, startTicks] of this.#seen) if (readStat(pid)?.startTicks === startTicks) send(pid, "SIGKILL");
  }
}
