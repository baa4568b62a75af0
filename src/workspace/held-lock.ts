import type { Deadline, Effects } from "../kernel/effects.ts";
import { StorageError, WorkspaceError } from "../kernel/errors.ts";
import { shellWord } from "../text/shell.ts";
import { lockFile } from "./layout.ts";
import { readLockEntry } from "./lock-file.ts";

const HEARTBEAT_MS = 5_000;
/** Beats that may fail in a row before the storage counts as broken: another host would soon think this one dead. */
const MISSED_BEATS = 4;

/** What a lock needs of the outside. */
export type LockEffects = Pick<Effects, "files" | "clock" | "processes" | "token">;

/** The right to write in a workspace, until it is released or lost. */
export interface Lock {
  readonly token: string;
  /** Throws `WorkspaceError` ("lock-lost") when the lock is not this process's any more. One `stat`: ask before every write. */
  assertHeld(): void;
  /** Gives the lock back if it is still this process's. Never throws: a lock file that stays has a dead owner soon. */
  release(): void;
}

/** A lock that this process took: keeps its heartbeat going and notices when it is another's. */
export class HeldLock implements Lock {
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
