import { EXIT } from "../kernel/errors.ts";

/**
 * The one owner of signals.
 *
 *      running --first SIGINT, SIGTERM, SIGHUP, SIGUSR2, q, closed stdout--> draining --grace is over--> ending
 *         |                                                                     |                          |
 *         |                                                                second signal            everything is saved
 *         |                                                                     v                          v
 *         +------------------------------------------------------------>  killing: every child's tree     left
 *                                                                         is gone, and so is AURA
 *                                                                         within 500 ms
 */

export type StopCause = "SIGINT" | "SIGTERM" | "SIGHUP" | "SIGUSR2" | "closed-output";

const CODE: Readonly<Record<StopCause, number>> = {
  SIGINT: EXIT.interrupted,
  SIGTERM: EXIT.terminated,
  SIGHUP: EXIT.hangup,
  SIGUSR2: EXIT.paused,
  "closed-output": EXIT.hangup,
};

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP", "SIGUSR2"] as const;
/** After the grace: time for a child to end by itself before its tree is killed. */
const ENDING_MS = 1000;
/** After a second signal: time for the last words, then the process ends whatever is still going on. */
const LAST_WORDS_MS = 300;

export interface SignalPlan {
  /** How long what runs may take after the first signal. */
  readonly graceMs: number;
  /** Ends every child with SIGKILL, at once. */
  readonly killAll: () => void;
}

/** What the rest of the command sees of signals. */
export interface SignalOwner extends Disposable {
  /** Aborts at the first signal: start nothing more. */
  readonly drain: AbortSignal;
  /** Aborts when the grace is over or a second signal came: end what runs. */
  readonly now: AbortSignal;
  /** What stopped the command, if anything did. */
  readonly cause: () => StopCause | null;
  /** Exit code for a stopped command; `null` when nothing stopped it. */
  readonly exitCode: () => number | null;
  /** A stop that did not come as a signal: a key, a closed output. */
  readonly stop: (cause: StopCause, kind: "graceful" | "now") => void;
}

/** Takes over the process's signals until disposed. */
export function ownSignals(plan: SignalPlan): SignalOwner {
  const drain = new AbortController();
  const now = new AbortController();
  let cause: StopCause | null = null;
  let graceTimer: NodeJS.Timeout | null = null;
  let lastTimer: NodeJS.Timeout | null = null;

  let endTimer: NodeJS.Timeout | null = null;

  const end = (): void => {
    drain.abort();
    now.abort();
    endTimer ??= setTimeout(plan.killAll, ENDING_MS);
  };
  const kill = (): void => {
    end();
    plan.killAll();
    lastTimer ??= setTimeout(() => {
      plan.killAll();
      process.exit(CODE[cause ?? "SIGINT"]);
    }, LAST_WORDS_MS);
  };
  const stop = (by: StopCause, kind: "graceful" | "now"): void => {
    if (cause !== null || kind === "now") {
      cause ??= by;
      kill();
      return;
    }
    cause = by;
    drain.abort();
    graceTimer = setTimeout(end, plan.graceMs);
  };

  const handlers = SIGNALS.map((signal) => ({ signal, handler: () => stop(signal, "graceful") }));
  for (const { signal, handler } of handlers) process.on(signal, handler);
  const onOutputError = (error: NodeJS.ErrnoException): void => {
    if (error.code === "EPIPE" && cause === null) stop("closed-output", "graceful");
  };
  process.stdout.on("error", onOutputError);

  return {
    drain: drain.signal,
    now: now.signal,
    cause: () => cause,
    exitCode: () => (cause === null ? null : CODE[cause]),
    stop,
    [Symbol.dispose]() {
      for (const { signal, handler } of handlers) process.off(signal, handler);
      if (graceTimer) clearTimeout(graceTimer);
      if (endTimer) clearTimeout(endTimer);
      if (lastTimer) clearTimeout(lastTimer);
    },
  };
}
