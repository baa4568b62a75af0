import { closeSync, openSync, readdirSync, readFileSync, readlinkSync, readSync, statSync } from "node:fs";
import { hostname } from "node:os";
import type { ProcessIdentity, ProcessRunner } from "../../kernel/effects.ts";

/** What `/proc/<pid>/stat` says of a process. */
export interface ProcessStat {
  /** One letter: `R` running, `S` sleeping, `Z` ended but not yet collected by its parent, … */
  readonly state: string;
  readonly parent: number;
  readonly group: number;
  /** The foreground group of its terminal. */
  readonly foreground: number;
  /** Clock ticks between the machine's boot and the process's start. */
  readonly startTicks: string;
}

/** Reads a process's state; `null` when there is no such process, or no `/proc`. */
export function readStat(pid: number): ProcessStat | null {
  const text = readStart(`/proc/${pid}/stat`);
  if (text === null) return null;
  // The second field is the program's name in parentheses and may itself hold spaces and parentheses.
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  const [state, parent, group, , , foreground] = fields;
  const startTicks = fields[19];
  if (state === undefined || startTicks === undefined) return null;
  return { state, parent: Number(parent), group: Number(group), foreground: Number(foreground), startTicks };
}

/** What a process uses, with what those of its children used that it has waited for. */
export interface ProcessUse {
  readonly cpuSeconds: number;
  readonly residentBytes: number;
  /** Most that was resident at a time. */
  readonly peakBytes: number;
}

/** Linux tells times to programs in this unit whatever its own is. */
const TICKS_PER_SECOND = 100;

/** Reads what a process uses; `null` when there is no such process, or no `/proc`. */
export function readUse(pid: number): ProcessUse | null {
  const stat = readStart(`/proc/${pid}/stat`);
  const status = readOrNull(`/proc/${pid}/status`)?.toString("latin1");
  if (stat === null || status === undefined) return null;
  const times = stat
    .slice(stat.lastIndexOf(")") + 2)
    .split(" ")
    .slice(11, 15);
  const bytes = (name: string): number =>
    1024 * Number(new RegExp(`^${name}:\\s*(\\d+) kB$`, "m").exec(status)?.[1] ?? 0);
  const cpuSeconds = times.reduce((sum, ticks) => sum + Number(ticks), 0) / TICKS_PER_SECOND;
  return { cpuSeconds, residentBytes: bytes("VmRSS"), peakBytes: bytes("VmHWM") };
}

/** CPU time of the children of this process that have ended, and of theirs; 0 where there is no `/proc`. */
export function endedChildrenCpuSeconds(): number {
  const stat = readStart("/proc/self/stat") ?? "";
  const [user = 0, system = 0] = stat
    .slice(stat.lastIndexOf(")") + 2)
    .split(" ")
    .slice(13, 15)
    .map(Number);
  return (user + system) / TICKS_PER_SECOND;
}

/** Whether a process is in a process namespace below that of this `/proc`. */
export function isNested(pid: number): boolean {
  return /^NSpid:(?:\s+\d+){2,}$/m.test(readOrNull(`/proc/${pid}/status`)?.toString("latin1") ?? "");
}

/** Identifier of this boot of the machine; empty where the system has none. */
function readBootId(): string {
  return readOrNull("/proc/sys/kernel/random/boot_id")?.toString("latin1").trim() ?? "";
}

/** The process namespace that this process is in, as the kernel names it; nothing where there are none. */
function readPidNamespace(): { readonly pidNamespace?: string } {
  try {
    return { pidNamespace: readlinkSync("/proc/self/ns/pid") };
  } catch {
    return {};
  }
}

function readUser(): { readonly user?: string } {
  const [user, group] = [process.getuid?.(), process.getgid?.()];
  return user === undefined || group === undefined ? {} : { user: `${user}:${group}` };
}

/** Ids of all processes; empty where there is no `/proc`. */
export function listProcesses(): readonly number[] {
  try {
    return readdirSync("/proc").map(Number).filter(Number.isInteger);
  } catch {
    return [];
  }
}

/** Processes by id, with their start times in ticks. */
export type Pids = ReadonlyMap<number, string>;

/** Whether exactly this process is there and has anything left to give back. */
export function isThere(pid: number, startTicks: string): boolean {
  const stat = readStat(pid);
  return stat !== null && stat.startTicks === startTicks && !isOver(stat);
}

/** Ended, and at most waiting for its parent to ask how. */
function isOver({ state }: ProcessStat): boolean {
  return state === "Z" || state === "X";
}

/** The processes of a group. */
export function membersOf(group: number): Pids {
  const members = new Map<number, string>();
  for (const pid of listProcesses()) {
    const stat = readStat(pid);
    if (stat?.group === group && !isOver(stat)) members.set(pid, stat.startTicks);
  }
  return members;
}

const MARKER = Buffer.from("AURA_TRIAL=");
const USUAL_ENVIRONMENT_BYTES = 64 * 1024;

/**
 * Reads the value of `AURA_TRIAL` with which a process was started; `null` when it has none, has ended, or is not ours to
 * read. One buffer serves for all that are looked at: a new one for each costs more than the reading.
 */
export function markerReader(): (pid: number) => string | null {
  const buffer = Buffer.allocUnsafeSlow(USUAL_ENVIRONMENT_BYTES);
  return (pid) => {
    if (!mayRead(pid)) return null;
    const path = `/proc/${pid}/environ`;
    const bytes = readInto(buffer, path);
    return markerIn((bytes < buffer.length ? buffer.subarray(0, bytes) : readOrNull(path)) ?? buffer.subarray(0, 0));
  };
}

function markerIn(environment: Buffer): string | null {
  let at = environment.indexOf(MARKER);
  while (at > 0 && environment[at - 1] !== 0) at = environment.indexOf(MARKER, at + 1);
  if (at < 0) return null;
  const end = environment.indexOf(0, at);
  return environment.toString("utf8", at + MARKER.length, end < 0 ? environment.length : end);
}

/** One read, and how many bytes it gave; none where nothing can be read. */
function readInto(buffer: Buffer, path: string): number {
  try {
    const fd = openSync(path, "r");
    try {
      return readSync(fd, buffer);
    } finally {
      closeSync(fd);
    }
  } catch {
    return 0;
  }
}

/** Asked first, because most processes of a shared machine are others', and each refusal costs an error. */
function mayRead(pid: number): boolean {
  const uid = process.getuid?.();
  return uid === 0 || statSync(`/proc/${pid}`, { throwIfNoEntry: false })?.uid === uid;
}

/** One read of at most 1 KiB, which holds all of a `stat`: this happens at every start of a process. */
export function readStart(path: string): string | null {
  const bytes = Buffer.allocUnsafe(1024);
  const length = readInto(bytes, path);
  return length === 0 ? null : bytes.toString("latin1", 0, length);
}

function readOrNull(path: string): Buffer | null {
  try {
    return readFileSync(path);
  } catch {
    return null;
  }
}

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
  descendantsOf(pid: number): Pids {
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

/** Names processes of this machine so that they can be told from later ones that got the same id. */
export class Identities {
  readonly #bootId = readBootId();
  readonly self: ProcessRunner["self"] = {
    ...this.of(process.pid),
    host: hostname(),
    bootId: this.#bootId,
    ...readPidNamespace(),
    ...readUser(),
  };

  /** Identity of a live process. The start time holds the boot too: ticks start again when the machine does. */
  of(pid: number): ProcessIdentity {
    const startTicks = readStat(pid)?.startTicks;
    return startTicks === undefined ? { pid } : { pid, startedAt: this.#startedAt(startTicks) };
  }

  /** Whether exactly this process lives. One that ended and was not collected yet is dead. */
  isAlive(identity: ProcessIdentity): boolean {
    const { pid, startedAt } = identity;
    if (!Number.isInteger(pid) || pid <= 0) return false;
    const stat = readStat(pid);
    // Where /proc is missing or hides other users' processes, the id is all there is to go by.
    if (stat === null) return send(pid, 0);
    if (isOver(stat)) return false;
    return startedAt === undefined || startedAt === this.#startedAt(stat.startTicks);
  }

  #startedAt(ticks: string): string {
    return `${ticks}@${this.#bootId.slice(0, 8)}`;
  }
}

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

/**
 * Whether this process has its terminal to itself: a job in the background (`aura run … &`) that reads from it, or sets
 * it up, is stopped by the system. `true` where the system does not say, and without a terminal of its own.
 */
export function isInForeground(): boolean {
  const stat = readStat(process.pid);
  return stat === null || !(stat.foreground > 0) || stat.foreground === stat.group;
}
