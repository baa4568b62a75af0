import { TimeoutReached } from "../../kernel/effects.ts";
import { messageOf } from "../../kernel/errors.ts";
import type { ProcessGroup } from "./group.ts";

/** Why AURA ended a process. */
export interface Reason {
  readonly end: "timeout" | "cancelled" | "output-limit";
  readonly message: string;
}

/** How long a process that got SIGKILL may take to go; one that waits for a dead disk takes for ever. */
const KILL_WAIT_MS = 5000;

/** The reason of a signal that aborted: a deadline's, or a stop. */
export function reasonOfAbort(signal: AbortSignal): Reason {
  const message = messageOf(signal.reason);
  return signal.reason instanceof TimeoutReached ? { end: "timeout", message } : { end: "cancelled", message };
}

/**
 * Ends a process once: SIGTERM to its group, after the grace SIGKILL. The first reason is the reason; what comes
 * later, while it is already being ended, changes nothing. A process that is not there yet is ended as it starts.
 */
export class Ending {
  readonly #graceMs: number;
  readonly #unkillable: () => void;
  #group: ProcessGroup | null = null;
  #reason: Reason | null = null;
  #forced = false;
  #gone = false;
  #timer: NodeJS.Timeout | null = null;

  /** `unkillable` is called when the process is still there long after SIGKILL. */
  constructor(graceMs: number, unkillable: () => void) {
    this.#graceMs = graceMs;
    this.#unkillable = unkillable;
  }

  get reason(): Reason | null {
    return this.#reason;
  }

  /** The process is there. */
  started(group: ProcessGroup): void {
    this.#group = group;
    if (this.#forced) this.#kill();
    else if (this.#reason !== null) this.#ask();
  }

  /** Asks the process to end and makes it, if need be. */
  request(reason: Reason): void {
    if (this.#reason !== null) return;
    this.#reason = reason;
    this.#ask();
  }

  /** Ends the process now. */
  force(reason: Reason): void {
    this.#reason ??= reason;
    this.#forced = true;
    if (this.#gone) this.#group?.killRest();
    else this.#kill();
  }

  /** The process has ended: nothing is sent to it any more. */
  gone(leftOthers: boolean): void {
    this.#gone = true;
    this.dispose();
    this.#group?.leaderEnded(leftOthers);
  }

  /** Ends what the process left in its group. */
  killRest(): void {
    this.#group?.killRest();
  }

  dispose(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }

  #ask(): void {
    if (this.#gone || this.#group === null) return;
    this.#group.signal("SIGTERM");
    this.#timer = setTimeout(() => this.#kill(), this.#graceMs);
  }

  #kill(): void {
    if (this.#group === null) return;
    this.dispose();
    this.#group.signal("SIGKILL");
    this.#timer = setTimeout(this.#unkillable, KILL_WAIT_MS);
  }
}
