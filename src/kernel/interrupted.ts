import type { ExitCode } from "./errors.ts";

/**
 * Two ways to stop. `drain`: start nothing more, let what runs finish and be scored. `now`: end what runs.
 * Both leave the run resumable.
 */
export class Interrupted extends Error {
  readonly kind: "drain" | "now";

  constructor(kind: "drain" | "now") {
    super(kind === "drain" ? "stopping: nothing more is started" : "stopped");
    this.name = "Interrupted";
    this.kind = kind;
  }
}

const STOP = Symbol.for("aura-research/stop");

/**
 * What to abort a run's signals with when the stop has an exit code of its own, such as a signal's. `EXIT.paused` makes
 * it a pause. Any other reason is an interruption. `instanceof` also knows those of another copy of the package.
 */
export class StopRequest extends Error {
  readonly exitCode: ExitCode;
  /** AURA goes, the run does not: jobs that are no children of AURA's stay, and the next resume goes on with them. */
  readonly leavesJobs: boolean;

  static override [Symbol.hasInstance](value: unknown): boolean {
    return typeof value === "object" && value !== null && STOP in value;
  }

  constructor(exitCode: ExitCode, leavesJobs = false) {
    super("stopped");
    // Whoever waits takes it for the abort that it is.
    this.name = "AbortError";
    this.exitCode = exitCode;
    this.leavesJobs = leavesJobs;
    Object.defineProperty(this, STOP, { value: true });
  }
}

/** What a function gives; the signal's reason once it aborts, whether or not the function heeds that. */
export function untilAborted<T>(signal: AbortSignal, ask: () => T | Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const stop = (): void => reject(signal.reason);
    signal.addEventListener("abort", stop, { once: true });
    const asked = (async () => ask())();
    asked.then(resolve, reject).finally(() => signal.removeEventListener("abort", stop));
  });
}
