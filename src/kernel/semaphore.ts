/** One of the numbered places of a semaphore; disposing of it hands it to the next that waits. */
export interface Slot extends Disposable {
  /** 0 … places - 1; no two that are held share one. */
  readonly number: number;
}

interface Waiter {
  readonly signal: AbortSignal;
  admit(slot: Slot): void;
  refuse(reason: unknown): void;
}

/** Lets at most `places` tasks be under way at a time; places are given in the order asked for, lowest number first. */
export class Semaphore {
  readonly #free: number[];
  readonly #waiting = new Set<Waiter>();
  /** Signals that are listened to: once each, however many wait by them. */
  readonly #heard = new WeakSet<AbortSignal>();

  constructor(places: number) {
    this.#free = Array.from({ length: places }, (_, number) => number);
  }

  /** Waits for a place. Rejects with the signal's reason once it aborts, also while it waits. */
  async acquire(signal: AbortSignal): Promise<Slot> {
    signal.throwIfAborted();
    const number = this.#free.shift();
    if (number !== undefined) return this.#slot(number);
    this.#listenTo(signal);
    return new Promise((admit, refuse) => this.#waiting.add({ admit, refuse, signal }));
  }

  /** Runs the task in a place of its own. */
  async run<T>(task: () => Promise<T>, signal: AbortSignal): Promise<T> {
    using _ = await this.acquire(signal);
    return await task();
  }

  #slot(number: number): Slot {
    let held = true;
    return {
      number,
      [Symbol.dispose]: () => {
        if (!held) return;
        held = false;
        const [next] = this.#waiting;
        if (next === undefined) this.#release(number);
        else {
          this.#waiting.delete(next);
          next.admit(this.#slot(number));
        }
      },
    };
  }

  #listenTo(signal: AbortSignal): void {
    if (this.#heard.has(signal)) return;
    this.#heard.add(signal);
    const refuseAll = (): void => {
      for (const waiter of this.#waiting) {
        if (waiter.signal !== signal) continue;
        this.#waiting.delete(waiter);
        waiter.refuse(signal.reason);
      }
    };
    signal.addEventListener("abort", refuseAll, { once: true });
  }

  #release(number: number): void {
    const at = this.#free.findIndex((other) => other > number);
    this.#free.splice(at === -1 ? this.#free.length : at, 0, number);
  }
}
