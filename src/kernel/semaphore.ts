/** One of the numbered places of a semaphore; disposing of it hands it to the next that waits. */
export interface Slot extends Disposable {
  /** 0 … places - 1; no two that are held share one. Of one that is held beside the places it means nothing. */
  readonly number: number;
}

/** How something is held: in a place; beside all places; or alone, while nothing else is held in either way. */
export type Hold = "place" | "beside" | "alone";

interface Waiter {
  readonly signal: AbortSignal;
  readonly hold: Hold;
  admit(slot: Slot): void;
  refuse(reason: unknown): void;
}

/**
 * Lets at most `places` tasks be under way at a time; places are given in the order asked for, lowest number first. What
 * asks to be alone holds up all that asks after it.
 */
export class Semaphore {
  readonly #free: number[];
  readonly #waiting = new Set<Waiter>();
  /** Signals that are listened to: once each, however many wait by them. */
  readonly #heard = new WeakSet<AbortSignal>();
  readonly #places: number;
  #held: number;
  #isAlone = false;

  /** Those that are `taken` are given out once whoever has them claims them and lets go. */
  constructor(places: number, taken: readonly number[] = []) {
    this.#places = places;
    this.#free = Array.from({ length: places }, (_, number) => number).filter((number) => !taken.includes(number));
    this.#held = taken.length;
  }

  /** One of those that are taken, for whoever has it; it need not be among the places. */
  claim(number: number): Slot {
    this.#held -= 1;
    return this.#hold(number < this.#places ? number : undefined, number);
  }

  /** Waits for a place. Rejects with the signal's reason once it aborts, also while it waits. */
  async acquire(signal: AbortSignal, hold: Hold = "place"): Promise<Slot> {
    signal.throwIfAborted();
    return new Promise((admit, refuse) => {
      const waiter = { admit, refuse, signal, hold };
      this.#waiting.add(waiter);
      this.#admit();
      if (this.#waiting.has(waiter)) this.#listenTo(signal);
    });
  }

  /** Runs the task in a place of its own. */
  async run<T>(task: () => Promise<T>, signal: AbortSignal): Promise<T> {
    using _ = await this.acquire(signal);
    return await task();
  }

  #admit(): void {
    for (const waiter of this.#waiting) {
      if (this.#isAlone || (waiter.hold === "alone" && this.#held > 0)) return;
      if (waiter.hold === "place" && this.#free.length === 0) continue;
      this.#waiting.delete(waiter);
      waiter.admit(this.#take(waiter.hold));
    }
  }

  #take(hold: Hold): Slot {
    const number = hold === "beside" ? undefined : this.#free.shift();
    this.#isAlone = hold === "alone";
    return this.#hold(number, number ?? 0);
  }

  #hold(place: number | undefined, number: number): Slot {
    this.#held += 1;
    let held = true;
    return {
      number,
      [Symbol.dispose]: () => {
        if (!held) return;
        held = false;
        this.#held -= 1;
        this.#isAlone = false;
        if (place !== undefined) this.#release(place);
        this.#admit();
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
      this.#admit();
    };
    signal.addEventListener("abort", refuseAll, { once: true });
  }

  #release(number: number): void {
    const at = this.#free.findIndex((other) => other > number);
    this.#free.splice(at === -1 ? this.#free.length : at, 0, number);
  }
}
