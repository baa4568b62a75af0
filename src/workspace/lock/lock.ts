import { dirname } from "node:path";
import { type Deadline, type Effects, NEVER } from "../../kernel/effects.ts";
import { StorageError, WorkspaceError } from "../../kernel/errors.ts";
import { recordText } from "../../model/json.ts";
import { isAbsent, isMissing } from "../../platform/files/errors.ts";
import { shellWord } from "../../text/shell.ts";
import { lockClaimFile, lockFile } from "../layout.ts";
import {
  DEAD_AFTER_MS,
  fateOf,
  type LockEntry,
  type LockHolder,
  lockedError,
  readLockEntry,
  sharesProcesses,
} from "./holder.ts";

/*
 * One writer at a time, without an unlock verb and without trusting clocks.
 *
 *            lock.json absent                      lock.json of a living owner
 *                  |                                          |
 *       create it, whole or not at all                  "locked", at once
 *             |            |
 *            won    somebody else did: start over
 *
 *   lock.json of dead owner D                  a claim is a file named after the dead owner it follows
 *             |
 *   create .lock-after-D --- exists, of C: C alive -> "locked"
 *             |                            C dead  -> create .lock-after-C, and so on down the chain
 *            won
 *             |
 *   read lock.json and every claim of the chain again ----- one changed: drop my claim, start over
 *             |
 *         all as before
 *             |
 *   rename my claim over lock.json, then remove the dead claims
 *
 * Why this is safe: tokens are never used twice, so lock.json never holds D again once it held another. While it holds
 * D, only the one living claimant at the end of D's chain may replace it. Whoever claims on the strength of an older
 * look at lock.json finds it changed on the second look. A claimant that dies is one more link. Every step is one
 * atomic operation, so a kill anywhere leaves a state this diagram starts from.
 *
 * An owner whose process cannot be looked up from here (`fateOf`: on another host, in another process namespace, on a
 * clone of this machine) cannot be asked whether it lives. Its heartbeat (lock.json's modification time, set every
 * 5 s) is watched: only when it stood still for 30 s of this process's own clock is it dead. Should it wake up after
 * all, it finds before its next write that lock.json is another's, and stops.
 */

const WATCH_STEP_MS = 1_000;
/** Where there are no hard links, a lock may be seen half written; it is complete a moment later. */
const SETTLE_MS = 100;
const MAX_ROUNDS = 1_000;

export interface LockOptions {
  /** Ends the wait for a heartbeat. */
  readonly signal?: AbortSignal;
  /** The lock's owner cannot be looked up from here: its heartbeat is about to be watched for up to `atMostMs`. */
  readonly onWait?: (holder: LockHolder, atMostMs: number) => void;
}

/**
 * Takes the lock of a workspace, creating its folder. Throws `WorkspaceError` ("locked") when a live process has it:
 * at once one whose process can be looked up from here, after at most one heartbeat any other.
 */
export async function acquireLock(root: string, effects: LockEffects, options: LockOptions = {}): Promise<Lock> {
  const { files } = effects;
  const path = lockFile(root);
  makeRoot(root, files);
  const holder = newHolder(root, effects);
  const text = recordText(holder);
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const taken = files.createExclusive(path, text) || (await takeOver(root, text, effects, options));
    if (taken && readLockEntry(path, files)?.key === holder.token) return new HeldLock(root, holder.token, effects);
  }
  throw lockedError(root, null, true);
}

/** A path that no folder can have is a mistake of the user's, and no failure of the disk. */
function makeRoot(root: string, files: LockEffects["files"]): void {
  try {
    files.makeDirectory(root);
  } catch (thrown) {
    if (!(thrown instanceof StorageError) || !isAbsent(thrown.cause)) throw thrown;
    let folder = root;
    while (files.stat(folder) === null && dirname(folder) !== folder) folder = dirname(folder);
    const why =
      files.stat(files.realPath(folder) ?? folder)?.kind === "directory" ? "takes no such folder" : "is not a folder";
    throw new WorkspaceError("usage", `${root} cannot be made, because ${folder} ${why}; choose another workspace`, {
      cause: thrown,
    });
  }
}

/** One attempt to follow a dead owner. `false`: something changed meanwhile, look again. */
async function takeOver(root: string, text: string, effects: LockEffects, options: LockOptions): Promise<boolean> {
  const { files } = effects;
  const head = readLockEntry(lockFile(root), files);
  if (head === null) return false;
  const chain: LockEntry[] = [head];
  for (let last: LockEntry | null = head; last !== null && !(await changedSince(root, last, effects, options)); ) {
    const claim = lockClaimFile(root, last.key);
    if (files.createExclusive(claim, text)) return claimed(root, claim, chain, effects);
    last = readLockEntry(claim, files);
    if (last !== null && chain.some(({ key }) => key === last?.key)) throw circular(claim);
    if (last !== null) chain.push(last);
  }
  return false;
}

/** Moves a claim into the lock's place, if the chain it stands at the end of is still what it was. */
function claimed(root: string, claim: string, chain: readonly LockEntry[], { files }: LockEffects): boolean {
  let moved = false;
  try {
    if (!chain.every((entry) => readLockEntry(entry.path, files)?.key === entry.key)) return false;
    files.rename(claim, lockFile(root));
    moved = true;
  } catch (error) {
    if (!isMissing(error)) throw error;
  } finally {
    // A claim of a living process would keep everybody else out.
    if (!moved) files.remove(claim);
  }
  if (moved) dropDeadClaims(chain.slice(1), files);
  return moved;
}

function dropDeadClaims(claims: readonly LockEntry[], files: LockEffects["files"]): void {
  try {
    for (const { path } of claims) files.remove(path);
  } catch (error) {
    // They follow an owner that lock.json will never hold again, so nobody looks at them.
    if (!(error instanceof StorageError)) throw error;
  }
}

/** Waits until it is known that the owner is dead (`false`) or that the file is another now (`true`); throws if it lives. */
async function changedSince(
  root: string,
  entry: LockEntry,
  effects: LockEffects,
  options: LockOptions,
): Promise<boolean> {
  const { holder } = entry;
  if (holder === null) return await unsettled(entry, effects, options);
  const fate = fateOf(root, entry, holder, effects);
  if (fate === "alive") throw lockedError(root, holder, true);
  return fate === "dead" ? false : await stirred(root, entry, holder, effects, options);
}

/** Whether a file that is no lock turns into one when it is given a moment. */
async function unsettled(entry: LockEntry, { files, clock }: LockEffects, options: LockOptions): Promise<boolean> {
  await clock.sleep(SETTLE_MS, options.signal ?? NEVER);
  return readLockEntry(entry.path, files)?.key !== entry.key;
}

async function stirred(
  root: string,
  entry: LockEntry,
  holder: LockHolder,
  { files, clock, processes }: LockEffects,
  { signal = NEVER, onWait }: LockOptions,
): Promise<boolean> {
  onWait?.(holder, DEAD_AFTER_MS);
  const first = files.stat(entry.path);
  const start = clock.monotonic();
  while (clock.monotonic() - start < DEAD_AFTER_MS) {
    await clock.sleep(WATCH_STEP_MS, signal);
    // Reading opens the file, which makes a network file system ask its server; `stat` alone may answer from a cache.
    if (readLockEntry(entry.path, files)?.key !== entry.key) return true;
    const now = files.stat(entry.path);
    if (now?.mtimeMs !== first?.mtimeMs || now?.ino !== first?.ino)
      throw lockedError(root, holder, sharesProcesses(holder, processes.self));
  }
  return false;
}

function newHolder(root: string, { token, processes, clock, files }: LockEffects): LockHolder {
  const { pid, startedAt, bootId, host, pidNamespace } = processes.self;
  const folder = files.identity(root);
  return {
    token: token(16),
    pid,
    ...(startedAt === undefined ? {} : { pidStartedAt: startedAt }),
    bootId,
    host,
    ...(pidNamespace === undefined ? {} : { pidNamespace }),
    ...(folder === null ? {} : { folder }),
    acquiredAt: clock.now().toISOString(),
  };
}

function circular(claim: string): WorkspaceError {
  const message = `${claim} makes the claims on a dead owner's lock go round in a circle: remove the .lock-after-* files`;
  return new WorkspaceError("damaged", message, { file: claim });
}

const HEARTBEAT_MS = 5_000;
/** Beats that may fail in a row before the storage counts as broken: another host would soon think this one dead. */
const MISSED_BEATS = 4;

/** What a lock needs of the outside. */
export type LockEffects = Pick<Effects, "files" | "clock" | "processes" | "token">;

/** The right to write in a workspace, until it is released, as by disposing of it, or lost. */
export interface Lock extends Disposable {
  readonly token: string;
  /** Throws `WorkspaceError` ("lock-lost") when the lock is not this process's any more. One `stat`: ask before every write. */
  assertHeld(): void;
  /** Gives the lock back if it is still this process's. Never throws: a lock file that stays has a dead owner soon. */
  release(): void;
}

/** A lock that this process took: keeps its heartbeat going and notices when it is another's. */
class HeldLock implements Lock {
  readonly token: string;
  readonly #root: string;
  readonly #effects: LockEffects;
  #state: "held" | "lost" | "released" = "held";
  /** What `stat` said when the file was last known to be ours: nobody else touches it while it is. */
  #seen: { readonly ino: number; readonly mtimeMs: number } | null = null;
  #beat: Deadline | null = null;
  #missed = 0;
  #trouble: unknown;

  constructor(root: string, token: string, effects: LockEffects) {
    this.#root = root;
    this.token = token;
    this.#effects = effects;
    this.assertHeld();
    this.#schedule();
  }

  assertHeld(): void {
    if (this.#state === "held" && !this.#isOurs()) this.#lose();
    if (this.#state !== "held") throw this.#lostError();
    if (this.#missed >= MISSED_BEATS) throw this.#trouble;
  }

  release(): void {
    if (this.#state !== "held") return;
    this.#beat?.[Symbol.dispose]();
    try {
      if (this.#isOurs()) this.#effects.files.remove(lockFile(this.#root));
    } catch (error) {
      // The file stays and says who we were, which is dead as soon as this process has ended.
      if (!(error instanceof StorageError || error instanceof WorkspaceError)) throw error;
    } finally {
      this.#state = "released";
    }
  }

  [Symbol.dispose](): void {
    this.release();
  }

  #isOurs(): boolean {
    const path = lockFile(this.#root);
    const stat = this.#effects.files.stat(path);
    if (stat === null) return false;
    // An inode number may come back after two takeovers; together with the time we set it does not.
    if (stat.ino === this.#seen?.ino && stat.mtimeMs === this.#seen.mtimeMs) return true;
    if (stat.kind !== "file" || readLockEntry(path, this.#effects.files)?.key !== this.token) return false;
    this.#seen = stat;
    return true;
  }

  #schedule(): void {
    const beat = this.#effects.clock.deadline(HEARTBEAT_MS);
    this.#beat = beat;
    beat.signal.addEventListener("abort", () => this.#pulse(), { once: true });
  }

  /** Runs from a timer, where there is nobody to throw to: what goes wrong is kept for the next `assertHeld`. */
  #pulse(): void {
    if (this.#state !== "held") return;
    try {
      this.#touch();
      this.#missed = 0;
    } catch (error) {
      this.#missed += 1;
      this.#trouble = error;
    }
    if (this.#state === "held") this.#schedule();
  }

  #touch(): void {
    if (!this.#isOurs()) {
      this.#lose();
      return;
    }
    const { files, clock } = this.#effects;
    const path = lockFile(this.#root);
    // Also when the wall clock was set back, every beat moves the time.
    files.setTimes(path, Math.max(clock.now().getTime(), Math.round(this.#seen?.mtimeMs ?? 0) + 1));
    const stat = files.stat(path);
    if (stat !== null && stat.ino === this.#seen?.ino) this.#seen = stat;
  }

  #lose(): void {
    this.#state = "lost";
    this.#beat?.[Symbol.dispose]();
  }

  #lostError(): WorkspaceError {
    const what =
      this.#state === "released"
        ? "was given back"
        : "was taken over by another process, to which this one looked dead, or removed";
    const message = `the lock of ${this.#root} ${what}\nnothing more is written; see who has it now: aura inspect ${shellWord(this.#root)}`;
    return new WorkspaceError("lock-lost", message, { file: lockFile(this.#root) });
  }
}
