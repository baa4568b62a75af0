import { closeSync, openSync, readdirSync, readFileSync, readlinkSync, readSync } from "node:fs";

/** What `/proc/<pid>/stat` says of a process. */
export interface ProcessStat {
  /** One letter: `R` running, `S` sleeping, `Z` ended but not yet collected by its parent, … */
  readonly state: string;
  readonly parent: number;
  readonly group: number;
  /** Clock ticks between the machine's boot and the process's start. */
  readonly startTicks: string;
}

/** Reads a process's state; `null` when there is no such process, or no `/proc`. */
export function readStat(pid: number): ProcessStat | null {
  const text = readStart(`/proc/${pid}/stat`);
  if (text === null) return null;
  // The second field is the program's name in parentheses and may itself hold spaces and parentheses.
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  const [state, parent, group] = fields;
  const startTicks = fields[19];
  if (state === undefined || startTicks === undefined) return null;
  return { state, parent: Number(parent), group: Number(group), startTicks };
}

/** Identifier of this boot of the machine; empty where the system has none. */
export function readBootId(): string {
  return readOrNull("/proc/sys/kernel/random/boot_id")?.toString("latin1").trim() ?? "";
}

/** The process namespace that this process is in, as the kernel names it; nothing where there are none. */
export function readPidNamespace(): { readonly pidNamespace?: string } {
  try {
    return { pidNamespace: readlinkSync("/proc/self/ns/pid") };
  } catch {
    return {};
  }
}

/** Ids of all processes; empty where there is no `/proc`. */
export function listProcesses(): readonly number[] {
  try {
    return readdirSync("/proc").map(Number).filter(Number.isInteger);
  } catch {
    return [];
  }
}

const MARKER = Buffer.from("AURA_TRIAL=");

/** Value of `AURA_TRIAL` with which a process was started; `null` when it has none, has ended, or is not ours to read. */
export function readMarker(pid: number): string | null {
  const environment = readOrNull(`/proc/${pid}/environ`);
  if (environment === null) return null;
  let at = environment.indexOf(MARKER);
  while (at > 0 && environment[at - 1] !== 0) at = environment.indexOf(MARKER, at + 1);
  if (at < 0) return null;
  const end = environment.indexOf(0, at);
  return environment.toString("utf8", at + MARKER.length, end < 0 ? environment.length : end);
}

/** One read of at most 1 KiB, which holds all of a `stat`: this happens at every start of a process. */
function readStart(path: string): string | null {
  try {
    const fd = openSync(path, "r");
    try {
      const bytes = Buffer.allocUnsafe(1024);
      return bytes.toString("latin1", 0, readSync(fd, bytes));
    } finally {
      closeSync(fd);
    }
  } catch {
    return null;
  }
}

function readOrNull(path: string): Buffer | null {
  try {
    return readFileSync(path);
  } catch {
    return null;
  }
}
