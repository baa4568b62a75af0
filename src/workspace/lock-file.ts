import type { Files } from "../kernel/effects.ts";
import { WorkspaceError } from "../kernel/errors.ts";
import { parseJson } from "../model/json.ts";
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
  /** Where the pid counts, as the kernel names it; absent where there is no such thing, and in older locks. */
  readonly pidNamespace?: string;
  /** Device and inode of the workspace's folder, which a copy does not share; absent where they do not last, and in older locks. */
  readonly folder?: string;
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
  const holder = parseHolder(text);
  return { path, key: holder?.token ?? `damaged-${text.length}-${checksum(text)}`, holder };
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

function parseHolder(text: string): LockHolder | null {
  const value = parseJson(text);
  if (typeof value !== "object" || value === null) return null;
  const { token, pid, pidStartedAt, bootId, host, pidNamespace, folder, acquiredAt } = { ...EMPTY, ...value };
  if (typeof token !== "string" || !/^[0-9a-f]{16,64}$/.test(token)) return null;
  if (typeof pid !== "number" || !Number.isSafeInteger(pid) || pid < 1) return null;
  if (!isShortText(bootId) || !isShortText(host) || !isShortText(acquiredAt)) return null;
  if (![pidStartedAt, pidNamespace, folder].every((field) => field === undefined || isShortText(field))) return null;
  return {
    token,
    pid,
    ...(isShortText(pidStartedAt) ? { pidStartedAt } : {}),
    bootId,
    host,
    ...(isShortText(pidNamespace) ? { pidNamespace } : {}),
    ...(isShortText(folder) ? { folder } : {}),
    acquiredAt,
  };
}

const EMPTY: Readonly<Record<keyof LockHolder, unknown>> = {
  token: undefined,
  pid: undefined,
  pidStartedAt: undefined,
  bootId: undefined,
  host: undefined,
  pidNamespace: undefined,
  folder: undefined,
  acquiredAt: undefined,
};

/** Short, and fit to be printed. */
function isShortText(value: unknown): value is string {
  return typeof value === "string" && value.length <= 256 && !/\p{Cc}/u.test(value);
}
