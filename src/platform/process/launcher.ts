import { directStarter } from "./direct-starter.ts";
import { RemoteStarter } from "./remote-starter.ts";
import type { Child, ChildCommand, ChildEvents, Starter } from "./starter.ts";

/** So many starts within so long a time pay for processes of their own. */
const MANY = 30;
const WINDOW_MS = 3000;
/** A starter process that has had nothing to do for so long goes. */
const IDLE_MS = 5000;

export interface LauncherOptions {
  /** Starts within three seconds after which starter processes are used; default 30. */
  readonly many?: number;
  /** After how many milliseconds without work starter processes leave; default 5000. */
  readonly idleMs?: number;
}

/**
 * A start blocks the one that starts until the child has become its program, so two that take turns start more than
 * one; a third gains nothing on two cores, where the children want to run too.
 */
const STARTERS = 2;

/**
 * Starts children directly while they are few, and through starter processes while they are many. When one of those
 * ends before its time, no other is tried: from then on all is started directly.
 */
export class Launcher implements Starter {
  readonly #many: number;
  readonly #idleMs: number;
  /** When the latest starts were, oldest first, at most `#many`. */
  readonly #starts: number[] = [];
  #remotes: readonly RemoteStarter[] = [];
  #failed = false;
  #idleTimer: NodeJS.Timeout | null = null;

  constructor(options: LauncherOptions = {}) {
    this.#many = options.many ?? MANY;
    this.#idleMs = options.idleMs ?? IDLE_MS;
  }

  start(command: ChildCommand, events: ChildEvents): Child {
    if (this.#remotes.length === 0 && !this.#failed && this.#isBusy()) this.#open();
    const remote = this.#leastBusy();
    if (remote === null) return directStarter.start(command, events);
    this.#watchIdle();
    return remote.start(command, events);
  }

  /** Starts nothing more through starter processes, and answers the markers of what they may be about to start. */
  kill(): readonly string[] {
    const remotes = this.#remotes;
    this.#remotes = [];
    for (const remote of remotes) remote.kill();
    return remotes.map(({ marker }) => marker);
  }

  #isBusy(): boolean {
    const now = performance.now();
    this.#starts.push(now);
    if (this.#starts.length <= this.#many) return false;
    const first = this.#starts.shift() ?? now;
    return now - first < WINDOW_MS;
  }

  #leastBusy(): RemoteStarter | null {
    let least: RemoteStarter | null = null;
    for (const remote of this.#remotes) {
      if (remote.ready && (least === null || remote.pending < least.pending)) least = remote;
    }
    return least;
  }

  #open(): void {
    const gone = (remote: RemoteStarter): void => {
      this.#failed = true;
      this.#remotes = this.#remotes.filter((other) => other !== remote);
    };
    this.#remotes = Array.from({ length: STARTERS }, () => new RemoteStarter(gone));
    // Also when nothing more comes by the time they are ready.
    this.#watchIdle();
  }

  #watchIdle(): void {
    if (this.#idleTimer !== null) {
      this.#idleTimer.refresh();
      return;
    }
    this.#idleTimer = setTimeout(() => {
      this.#idleTimer = null;
      if (this.#remotes.some((remote) => !remote.idle)) {
        this.#watchIdle();
        return;
      }
      for (const remote of this.#remotes) remote.close();
      this.#remotes = [];
    }, this.#idleMs);
    this.#idleTimer.unref();
  }
}
