/** Devices that are held; disposing of them hands them on. */
export interface HeldDevices extends Disposable {
  readonly names: readonly string[];
}

interface Waiter {
  readonly count: number;
  admit(held: HeldDevices): void;
}

/** Gives out devices, such as graphics cards: each to one holder at a time, in the order asked for. */
export class DevicePool {
  readonly names: readonly string[];
  readonly #free: Set<string>;
  readonly #waiting = new Set<Waiter>();

  /** Each name once, in the order in which they are to be given; those that are `taken` once they were claimed and let go. */
  constructor(names: readonly string[], taken: readonly string[] = []) {
    this.names = [...new Set(names)];
    this.#free = new Set(this.names.filter((name) => !taken.includes(name)));
  }

  /** Waits for so many devices. Rejects with the signal's reason once it aborts. */
  async acquire(count: number, signal: AbortSignal): Promise<HeldDevices> {
    signal.throwIfAborted();
    if (count > this.names.length) throw new RangeError(`there are ${this.names.length} devices, not ${count}`);
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        this.#waiting.delete(waiter);
        reject(signal.reason);
        this.#admit();
      };
      const waiter: Waiter = {
        count,
        admit: (held) => {
          signal.removeEventListener("abort", leave);
          resolve(held);
        },
      };
      signal.addEventListener("abort", leave, { once: true });
      this.#waiting.add(waiter);
      this.#admit();
    });
  }

  /** Takes these out of the pool for whoever has them already. */
  claim(names: readonly string[]): HeldDevices {
    for (const name of names) this.#free.delete(name);
    return {
      names,
      [Symbol.dispose]: () => {
        // In the order of the list, whatever order they come back in.
        const back = new Set([...this.#free, ...names]);
        this.#free.clear();
        for (const name of this.names) if (back.has(name)) this.#free.add(name);
        this.#admit();
      },
    };
  }

  #admit(): void {
    for (const waiter of this.#waiting) {
      if (this.#free.size < waiter.count) return;
      this.#waiting.delete(waiter);
      waiter.admit(this.claim([...this.#free].slice(0, waiter.count)));
    }
  }
}
