import { Interrupted, type StopSignals } from "./interruption.ts";

/** One of `parallel` places in which a trial may run. */
export interface Slot extends Disposable {
  /** 0 … parallel-1; no two running trials share one. */
  readonly number: number;
}

/** The places in which trials may run, given out in the order they are asked for, lowest free number first. */
export interface Slots {
  /** Waits for a free place. Rejects with `Interrupted` once the run is stopping. */
  acquire(): Promise<Slot>;
}

export function createSlots(count: number, signals: StopSignals): Slots {
  const free = Array.from({ length: count }, (_, number) => number);
  const waiting: { resolve(slot: Slot): void; reject(reason: Interrupted): void }[] = [];

  const give = (number: number): Slot => {
    let held = true;
    return {
      number,
      [Symbol.dispose]() {
        if (!held) return;
        held = false;
        const next = waiting.shift();
        if (next) next.resolve(give(number));
        else insertSorted(free, number);
      },
    };
  };

  const refuseAll = (kind: "drain" | "now") => (): void => {
    for (const waiter of waiting.splice(0)) waiter.reject(new Interrupted(kind));
  };
  signals.drain.addEventListener("abort", refuseAll("drain"), { once: true });
  signals.now.addEventListener("abort", refuseAll("now"), { once: true });

  return {
    async acquire() {
      if (signals.now.aborted) throw new Interrupted("now");
      if (signals.drain.aborted) throw new Interrupted("drain");
      const number = free.shift();
      if (number !== undefined) return give(number);
      return new Promise<Slot>((resolve, reject) => waiting.push({ resolve, reject }));
    },
  };
}

function insertSorted(numbers: number[], number: number): void {
  const at = numbers.findIndex((other) => other > number);
  numbers.splice(at === -1 ? numbers.length : at, 0, number);
}
