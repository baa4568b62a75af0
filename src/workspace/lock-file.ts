import type { Files, ProcessRunner } from "../kernel/effects.ts";
import { WorkspaceError } from "../kernel/errors.ts";
import { checksum } from "./checksum.ts";
import { lockFile } from "./layout.ts";
import { NOT_A_FILE } from "./records.ts";

/** Who holds a lock: enough to tell, on the same machine, whether they are still there. */
export interface LockHolder {
  /** Random, new for every acquisition. */
  readonly token: string;
  readonly pid: number;
  readonly pidStartedAt?: string;
  readonly bootId: string;
  readonly host: string;
  readonly acquiredAt: string;
}

/** A lock or a claim on one, as it is on disk. */
export interface LockEntry {
  readonly path: string;
  /** The holder's token; for a file that is no lock, a fingerprint of what it is. */
  readonly key: string;
  /** `null` when the file does not say. */
  readonly holder: LockHolder | null;
}

/** The part of the process port that tells who is alive. */
export type Liveness = Pick<ProcessRunner, "isAlive" | "self">;

/**
 * `free`: no lock. `held`: its owner lives. `abandoned`: its owner is dead, or the file is damaged. `foreign`: its
 * owner is on another host, where only time can tell.
 */
export type LockState =
  | { readonly state: "free" }
  | { readonly state: "held" | "foreign"; readonly holder: LockHolder }
  | { readonly state: "abandoned"; readonly holder: LockHolder | null };

const MAX_LOCK_BYTES = 64 * 1024;

/** Who holds the workspace, by one look at one small file: nothing is waited for or written. */
export function peekLock(root: string, files: Files, processes: Liveness): LockState {
  const entry = readLockEntry(lockFile(root), files);
  if (entry === null) return { state: "free" };
  const { holder } = entry;
  if (holder === null) return { state: "abandoned", holder };
  if (holder.host !== processes.self.host) return { state: "foreign", holder };
  return { state: isLocalHolderAlive(holder, processes) ? "held" : "abandoned", holder };
}

/** Throws `WorkspaceError` ("locked") when a live process of this machine holds the workspace. */
export function assertNotHeld(root: string, files: Files, processes: Liveness): void {
  const lock = peekLock(root, files, processes);
  if (lock.state === "held") throw lockedError(root, lock.holder);
}

/** Whether a holder on this host is still the process that took the lock, since this boot. */
export function isLocalHolderAlive(holder: LockHolder, processes: Liveness): boolean {
  const { bootId } = processes.self;
  if (bootId !== "" && holder.bootId !== "" && bootId !== holder.bootId) return false;
  const { pid, pidStartedAt } = holder;
  return processes.isAlive({ pid, ...(pidStartedAt === undefined ? {} : { startedAt: pidStartedAt }) });
}

/** A lock or claim file; `null` when there is none. Throws `WorkspaceError` ("damaged") when it is no plain file. */
export function readLockEntry(path: string, files: Files): LockEntry | null {
  const stat = files.stat(path);
  if (stat === null) return null;
  if (stat.kind !== "file") {
    throw new WorkspaceError(
      "damaged",
      `${path} is damaged: it is ${NOT_A_FILE[stat.kind]}\nmove it away: without it nobody holds the workspace`,
      { file: path },
    );
  }
  const text = stat.size > MAX_LOCK_BYTES ? `${stat.size} bytes` : files.readText(path);
  if (text === null) return null;
  const holder = parseHolder(text);
  return { path, key: holder?.token ?? `damaged-${text.length}-${checksum(text)}`, holder };
}

/** The error a second writer gets. */
export function lockedError(root: string, holder: LockHolder | null): WorkspaceError {
  const who = holder ? `process ${holder.pid} on ${holder.host} since ${holder.acquiredAt}` : "another process";
  const how = holder ? ` (kill -INT ${holder.pid} lets it save first)` : "";
  const message = `${root} is in use by ${who}\nwait until it ends, or end it${how}`;
  return new WorkspaceError("locked", message, { file: lockFile(root) });
}

function parseHolder(text: string): LockHolder | null {
  const value = parseJson(text);
  if (typeof value !== "object" || value === null) return null;
  const { token, pid, pidStartedAt, bootId, host, acquiredAt } = { ...EMPTY, ...value };
  if (typeof token !== "string" || !/^[0-9a-f]{16,64}$/.test(token)) return null;
  if (typeof pid !== "number" || !Number.isSafeInteger(pid) || pid < 1) return null;
  if (!isShortText(bootId) || !isShortText(host) || !isShortText(acquiredAt)) return null;
  if (pidStartedAt !== undefined && !isShortText(pidStartedAt)) return null;
  return { token, pid, ...(pidStartedAt === undefined ? {} : { pidStartedAt }), bootId, host, acquiredAt };
}

const EMPTY: Readonly<Record<keyof LockHolder, unknown>> = {
  token: undefined,
  pid: undefined,
  pidStartedAt: undefined,
  bootId: undefined,
  host: undefined,
  acquiredAt: undefined,
};

/** Short, and fit to be printed. */
function isShortText(value: unknown): value is string {
  return typeof value === "string" && value.length <= 256 && !/\p{Cc}/u.test(value);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}
