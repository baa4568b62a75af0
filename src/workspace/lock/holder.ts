import type { Clock, Files, ProcessRunner } from "../../kernel/effects.ts";
import { WorkspaceError } from "../../kernel/errors.ts";
import { parseJson } from "../../model/json.ts";
import { sha256Of } from "../../platform/files/hash.ts";
import { ANY } from "../../schema/dialect.ts";
import { fits } from "../../schema/fits.ts";
import type { Infer } from "../../schema/infer.ts";
import { lockFile } from "../layout.ts";
import { NOT_A_FILE } from "../records.ts";

/** Text that is short, and fit to be printed. */
const SHORT = { type: "string", pattern: "^[^\\p{Cc}\\p{Zl}\\p{Zp}]{0,256}$" } as const;

/** Open: another AURA may say more. */
const holderSchema = {
  type: "object",
  properties: {
    /** Random, new for every acquisition. */
    token: { type: "string", pattern: "^[0-9a-f]{16,64}$" },
    pid: { type: "integer", minimum: 1 },
    pidStartedAt: SHORT,
    bootId: SHORT,
    host: SHORT,
    /** Where the pid counts, as the kernel names it; absent where there is no such thing. */
    pidNamespace: SHORT,
    /** Device and inode of the workspace's folder, which a copy does not share; absent where they do not last. */
    folder: SHORT,
    acquiredAt: SHORT,
  },
  required: ["token", "pid", "bootId", "host", "acquiredAt"],
  additionalProperties: ANY,
} as const;
/** Who holds a lock: enough to tell, on the same machine, whether they are still there. */
export type LockHolder = Infer<typeof holderSchema>;

/** A lock or a claim on one, as it is on disk. */
export interface LockEntry {
  readonly path: string;
  /** The holder's token; for a file that is no lock, a fingerprint of what it is. */
  readonly key: string;
  /** `null` when the file does not say. */
  readonly holder: LockHolder | null;
}

const MAX_LOCK_BYTES = 64 * 1024;

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
  const said = parseJson(text);
  const holder = fits(said, holderSchema) ? said : null;
  return { path, key: holder?.token ?? `damaged-${sha256Of(text).slice(0, 16)}`, holder };
}

/** The error a second writer gets. `sharesProcesses`: the holder's process id means the same here. */
export function lockedError(root: string, holder: LockHolder | null, sharesProcesses: boolean): WorkspaceError {
  const message = `${root} is in use by ${holder ? describeHolder(holder) : "another process"}\nwait until it ends, or end it`;
  const where = sharesProcesses ? "" : " where it runs";
  const how = holder ? `${where} (kill -INT ${holder.pid} lets it save first)` : "";
  return new WorkspaceError("locked", `${message}${how}`, { file: lockFile(root) });
}

/** The holder in a few words. */
export function describeHolder({ pid, host, acquiredAt }: LockHolder): string {
  return `process ${pid} on ${host} since ${acquiredAt}`;
}

/** The part of the process port that tells who is alive. */
export type Liveness = Pick<ProcessRunner, "isAlive" | "self">;

/** What it takes to look at a lock without writing. */
export interface LockObserver {
  readonly files: Files;
  readonly processes: Liveness;
  readonly clock: Pick<Clock, "now">;
}

/**
 * `free`: no lock. `held`: its owner lives. `abandoned`: its owner is dead, or the file is damaged. `foreign`: its
 * owner's processes cannot be seen from here, so that only time can tell.
 */
export type LockState =
  | { readonly state: "free" }
  | { readonly state: "held" | "foreign"; readonly holder: LockHolder }
  | { readonly state: "abandoned"; readonly holder: LockHolder | null };

/** A heartbeat that stood still for so long is that of a dead owner, where the owner itself cannot be asked. */
export const DEAD_AFTER_MS = 30_000;

/** Who holds the workspace, by one look at one small file: nothing is waited for or written. */
export function peekLock(root: string, observer: LockObserver): LockState {
  const entry = readLockEntry(lockFile(root), observer.files);
  if (entry === null) return { state: "free" };
  const { holder } = entry;
  if (holder === null) return { state: "abandoned", holder };
  const fate = fateOf(root, entry, holder, observer);
  if (fate === "dead") return { state: "abandoned", holder };
  return { state: fate === "alive" ? "held" : "foreign", holder };
}

/** Throws `WorkspaceError` ("locked") when a live process of this machine holds the workspace. */
export function assertNotHeld(root: string, observer: LockObserver): void {
  const lock = peekLock(root, observer);
  if (lock.state === "held") throw lockedError(root, lock.holder, true);
}

/**
 * What one look tells of an owner. Only with the same process table can it be looked up, by pid and start time. One of
 * this host with another boot or process namespace belongs to a container or a clone that may be alive; its heartbeat,
 * of the same clock, tells of most that are not. Of another host even that clock is another: `unknown`.
 */
export function fateOf(
  root: string,
  { path }: LockEntry,
  holder: LockHolder,
  { files, processes, clock }: LockObserver,
): "alive" | "dead" | "unknown" {
  const { self } = processes;
  if (holder.host !== self.host) return "unknown";
  if (sharesProcesses(holder, self)) {
    const { pid, pidStartedAt } = holder;
    if (!processes.isAlive({ pid, ...(pidStartedAt === undefined ? {} : { startedAt: pidStartedAt }) })) return "dead";
    const folder = compareFolders(holder.folder, files.identity(root));
    if (folder !== "unclear") return folder === "same" ? "alive" : "dead";
  }
  const beat = files.stat(path)?.mtimeMs;
  return beat !== undefined && clock.now().getTime() - beat > DEAD_AFTER_MS ? "dead" : "unknown";
}

/** Whether a holder's process id means here what it meant to the holder. What is not known counts as equal. */
export function sharesProcesses(holder: LockHolder, self: Liveness["self"]): boolean {
  if (holder.host !== self.host) return false;
  if (holder.bootId !== "" && self.bootId !== "" && holder.bootId !== self.bootId) return false;
  const { pidNamespace } = holder;
  return pidNamespace === undefined || self.pidNamespace === undefined || pidNamespace === self.pidNamespace;
}

/**
 * Whether a lock was taken in this folder, or in one that this is a copy of. One folder can have several devices, each of
 * another mount, but only one inode on a device.
 */
function compareFolders(taken: string | undefined, here: string | null): "same" | "other" | "unclear" {
  if (taken === undefined || here === null || taken === here) return "same";
  return taken.split("-")[0] === here.split("-")[0] ? "other" : "unclear";
}
