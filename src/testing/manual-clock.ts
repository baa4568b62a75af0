import { type Clock, type Deadline, TimeoutReached } from "../kernel/effects.ts";

interface Waiter {
  readonly due: number;
  readonly wake: () => void;
}

export interface ManualClockOptions {
  /** The time it starts at; 2026-01-01T00:00:00Z by default. */
  readonly start?: string;
  /** A sleep returns at once and moves the time on by what it asked for. */
  readonly skipSleeps?: boolean;
}

/** A clock that moves only when a test moves it. */
export class ManualClock implements Clock {
  readonly #start: number;
  readonly #skipSleeps: boolean;
  #elapsed = 0;
  #waiting: Waiter[] = [];

  constructor(options: ManualClockOptions = {}) {
    this.#start = Date.parse(options.start ?? "2026-01-01T00:00:00Z");
    this.#skipSleeps = options.skipSleeps ?? false;
  }

  /** How many sleeps and deadlines are waiting. */
  get waiting(): number {
    return this.#waiting.length;
  }

  now(): Date {
    return new Date(this.#start + this.#elapsed);
  }

  monotonic(): number {
    return this.#elapsed;
  }

  async sleep(ms: number, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (this.#skipSleeps) {
      await this.advance(ms);
      return;
    }
    await new Promise<void>((resolve, reject) => {
      const onAbort = (): void => {
        forget();
        reject(signal.reason);
      };
      const forget = this.#wait(ms, () => {
        signal.removeEventListener("abort", onAbort);
        resolve();
      });
      signal.addEventListener("abort", onAbort, { once: true });
    });
  }

  turn(): Promise<void> {
    return settled();
  }

  deadline(ms: number): Deadline {
    const controller = new AbortController();
    const forget = this.#wait(ms, () => controller.abort(new TimeoutReached(ms)));
    return { signal: controller.signal, [Symbol.dispose]: forget };
  }

  /** Moves the time on, waking what falls due on the way, in order, each at its own time. */
  async advance(ms: number): Promise<void> {
    const end = this.#elapsed + ms;
    for (;;) {
      const next = this.#waiting.filter(({ due }) => due <= end).sort((a, b) => a.due - b.due)[0];
      if (next === undefined) break;
      this.#elapsed = Math.max(this.#elapsed, next.due);
      this.#waiting = this.#waiting.filter((waiter) => waiter !== next);
      next.wake();
      await settled();
    }
    this.#elapsed = end;
    await settled();
  }

  #wait(ms: number, wake: () => void): () => void {
    const waiter = { due: this.#elapsed + Math.max(0, ms), wake };
    this.#waiting.push(waiter);
    return () => {
      this.#waiting = this.#waiting.filter((other) => other !== waiter);
    };
  }
}

/** Lets everything that was woken run until it waits again. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
