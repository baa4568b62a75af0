import { listProcesses, readStat } from "./proc-fs.ts";

/** How long one look at all processes serves: groups that are ended together share it. */
const FRESH_MS = 20;

interface Entry {
  readonly pid: number;
  readonly startTicks: string;
}

/** Who descends from whom, as far as parents live: a process whose parent has ended is a child of the system's first. */
export class ProcessTable {
  #children = new Map<number, Entry[]>();
  #readAt = Number.NEGATIVE_INFINITY;

  /** Everything that descends from a process now, by process id, with its start time in ticks. */
  descendantsOf(pid: number): ReadonlyMap<number, string> {
    this.#refresh();
    const found = new Map<number, string>();
    const open = [pid];
    for (let parent = open.pop(); parent !== undefined; parent = open.pop()) {
      for (const child of this.#children.get(parent) ?? []) {
        if (found.has(child.pid)) continue;
        found.set(child.pid, child.startTicks);
        open.push(child.pid);
      }
    }
    return found;
  }

  #refresh(): void {
    const now = performance.now();
    if (now - this.#readAt < FRESH_MS) return;
    this.#children = new Map();
    for (const pid of listProcesses()) {
      const stat = readStat(pid);
      if (stat === null) continue;
      const siblings = this.#children.get(stat.parent);
      if (siblings === undefined) this.#children.set(stat.parent, [{ pid, startTicks: stat.startTicks }]);
      else siblings.push({ pid, startTicks: stat.startTicks });
    }
    this.#readAt = performance.now();
  }
}
