/** One of the numbered places of a semaphore; disposing of it hands it to the next that waits. */
export interface Slot extends Disposable {
  /** 0 … places - 1; no two that are held share one. */
  readonly number: number;
}

/** Lets at most `places` tasks be under way at a time; places are given in the order asked for, lowest number first. */
export class Semaphore {
  readonly #free: number[];
  readonly #waiting = new Set<(slot: Slot) => void>();

  constructor(places: number) {
    this.#free = Array.from({ length: places }, (_, number) => number);
  }

  /** Waits for a place. Rejects with the signal's reason once it aborts, also while it waits. */
  async acquire(signal: AbortSignal): Promise<Slot> {
    signal.throwIfAborted();
    const number = this.#free.shift();
    if (number !== undefined) return this.#slot(number);
    return new Promise((resolve, reject) => {
      const admit = (slot: Slot): void => {
        signal.removeEventListener("abort", leave);
        resolve(slot);
      };
      const leave = (): void => {
        this.#waiting.delete(admit);
        reject(signal.reason);
      };
      this.#waiting.add(admit);
      signal.addEventListener("abort", leave, { once: true });
    });
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
          next(this.#slot(number));
        }
      },
    };
  }

  #release(number: number): void {
    const at = this.#free.findIndex((other) => other > number);
    this.#free.splice(at === -1 ? this.#free.length : at, 0, number);
  }
}
