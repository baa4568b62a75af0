import { StorageError } from "../../kernel/errors.ts";

/** One use of a port: the n-th, which method, and on what (a path, a program, a call's name). */
export interface Crossing {
  readonly n: number;
  readonly port: "files" | "processes" | "calls";
  readonly method: string;
  readonly target: string;
}

/**
 * - `ENOSPC`, `EIO`, `EROFS`: the crossing throws a `StorageError`.
 * - `die`: `SimulatedCrash` is thrown, here and from then on at every crossing.
 * - `sigkill`: this very process is killed. Only for a child of a test.
 * - `hang`: an asynchronous crossing waits until its signal aborts, then rejects with the signal's reason.
 * - `short-write`, `torn-die`, `torn-sigkill`: half of a write's bytes go to the disk (where the write is atomic, to its
 *   temporary file), then it fails as `ENOSPC`, dies, or is killed. Anything but a write does so without the half.
 */
const FAULTS = ["ENOSPC", "EIO", "EROFS", "die", "sigkill", "hang", "short-write", "torn-die", "torn-sigkill"] as const;
export type Fault = (typeof FAULTS)[number];

export interface FaultPlan {
  /** Number of the crossing, from 1. */
  readonly at: number;
  /** `before`: it does not happen. `after`: it has happened, but its caller does not learn of it. */
  readonly when: "before" | "after";
  readonly fault: Fault;
}

/** The end of the simulated process: nothing may catch it and go on. */
export class SimulatedCrash extends Error {
  constructor(crossing: Crossing | null) {
    super(
      crossing === null ? "crashed before" : `crashed at crossing ${crossing.n}: ${crossing.method} ${crossing.target}`,
    );
    this.name = "SimulatedCrash";
  }
}

/** The plan in a text like `die:before:17`, as a test passes it to a child. Throws `RangeError` on anything else. */
export function parseFaultPlan(text: string): FaultPlan {
  const [name, when, number, ...rest] = text.split(":");
  const fault = FAULTS.find((known) => known === name);
  const at = Number(number);
  if (fault === undefined || (when !== "before" && when !== "after") || !(at >= 1) || rest.length > 0) {
    throw new RangeError(`not a fault plan: ${text} (like die:before:17)`);
  }
  return { fault, when, at };
}

/** Counts crossings and makes the planned one fail. */
export class FaultSwitch {
  readonly crossings: Crossing[] = [];
  readonly #plan: FaultPlan | null;
  readonly #onCrash: () => void;
  readonly #crash = new AbortController();

  constructor(plan: FaultPlan | null, onCrash: () => void) {
    this.#plan = plan;
    this.#onCrash = onCrash;
  }

  get crashed(): boolean {
    return this.#crash.signal.aborted;
  }

  /** A use that is no crossing, but impossible for a dead process. */
  alive<T>(action: () => T): T {
    if (this.crashed) throw new SimulatedCrash(null);
    return action();
  }

  /** A synchronous crossing. `half` does the first half of a write. */
  cross<T>(what: Omit<Crossing, "n">, action: () => T, half: () => void = () => {}): T {
    const crossing = this.#count(what);
    const plan = this.#planned(crossing);
    if (plan === null) return action();
    if (plan.when === "after") action();
    else if (isTorn(plan.fault)) half();
    throw this.#fail(plan.fault, crossing);
  }

  /** An asynchronous crossing: `before` is before it starts, `after` when it has its result. */
  async around<T>(what: Omit<Crossing, "n">, signal: AbortSignal, action: () => Promise<T>): Promise<T> {
    const crossing = this.#count(what);
    const plan = this.#planned(crossing);
    if (plan === null) return await this.race(action());
    if (plan.when === "after") await this.race(action());
    if (plan.fault === "hang") return await this.race(untilAborted(signal));
    throw this.#fail(plan.fault, crossing);
  }

  /** The promise's result, or the crash where that comes first. */
  async race<T>(promise: Promise<T>): Promise<T> {
    const signal = this.#crash.signal;
    if (signal.aborted) {
      promise.catch(() => {});
      throw new SimulatedCrash(null);
    }
    let onCrash = (): void => {};
    const crash = new Promise<never>((_, reject) => {
      onCrash = () => reject(new SimulatedCrash(null));
      signal.addEventListener("abort", onCrash);
    });
    try {
      return await Promise.race([promise, crash]);
    } finally {
      signal.removeEventListener("abort", onCrash);
    }
  }

  #count(what: Omit<Crossing, "n">): Crossing {
    return this.alive(() => {
      const crossing = { n: this.crossings.length + 1, ...what };
      this.crossings.push(crossing);
      return crossing;
    });
  }

  #planned(crossing: Crossing): FaultPlan | null {
    return this.#plan !== null && this.#plan.at === crossing.n ? this.#plan : null;
  }

  #fail(fault: Fault, crossing: Crossing): Error {
    if (fault === "hang")
      return new Error(`crossing ${crossing.n} (${crossing.method}) is synchronous and cannot hang`);
    if (fault === "die" || fault === "torn-die") {
      this.#crash.abort();
      this.#onCrash();
      return new SimulatedCrash(crossing);
    }
    if (fault === "sigkill" || fault === "torn-sigkill") {
      process.kill(process.pid, "SIGKILL");
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
    }
    const code = fault === "short-write" ? "ENOSPC" : fault;
    return new StorageError(crossing.method, crossing.target, new Error(`${code}: injected fault`));
  }
}

function isTorn(fault: Fault): boolean {
  return fault === "short-write" || fault === "torn-die" || fault === "torn-sigkill";
}

function untilAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason);
    else signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
}
