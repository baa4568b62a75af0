import { type Clock, type Deadline, TimeoutReached } from "../kernel/effects.ts";

/** Longest delay a Node timer takes; anything beyond fires at once, so longer waits are chained. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** The machine's clock. Sleeps keep the process alive, deadlines do not. */
export function systemClock(): Clock {
  return { now: () => new Date(), monotonic, sleep, turn, deadline };
}

function monotonic(): number {
  return performance.now();
}

function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) {
      reject(signal.reason);
      return;
    }
    const onAbort = (): void => {
      cancel();
      reject(signal.reason);
    };
    const cancel = schedule(ms, "keeps-alive", () => {
      signal.removeEventListener("abort", onAbort);
      resolve();
    });
    signal.addEventListener("abort", onAbort, { once: true });
  });
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

function deadline(ms: number): Deadline {
  const controller = new AbortController();
  const cancel = schedule(ms, "unref", () => controller.abort(new TimeoutReached(ms)));
  return { signal: controller.signal, [Symbol.dispose]: cancel };
}

/** Calls `then` after `ms`, however long that is and never sooner. Returns what calls it off. */
function schedule(ms: number, hold: "keeps-alive" | "unref", then: () => void): () => void {
  const due = monotonic() + (Number.isNaN(ms) ? 0 : ms);
  let timer: NodeJS.Timeout;
  const arm = (): void => {
    // A timer counts from the start of the event loop's turn, so it may fire a little before its time.
    timer = setTimeout(check, Math.min(Math.max(0, due - monotonic()), LONGEST_TIMER_MS));
    if (hold === "unref") timer.unref();
  };
  const check = (): void => {
    if (monotonic() < due) arm();
    else then();
  };
  arm();
  return () => clearTimeout(timer);
}
