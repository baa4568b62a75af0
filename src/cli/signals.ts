import { EXIT, type ExitCode } from "../kernel/errors.ts";
import { StopRequest } from "../kernel/interrupted.ts";

/**
 * The one owner of signals, and of the end of the process.
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

const CODE: Readonly<Record<StopCause, ExitCode>> = {
  SIGINT: EXIT.interrupted,
  SIGTERM: EXIT.terminated,
  SIGHUP: EXIT.hangup,
  SIGUSR2: EXIT.paused,
  "closed-output": EXIT.hangup,
};

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP", "SIGUSR2"] as const;
/** How long what runs may take where nobody says: a user who waits may do so, whoever ends a session or a machine will not. */
const GRACE_MS: Readonly<Record<StopCause, number | null>> = {
  SIGINT: null,
  SIGUSR2: null,
  SIGTERM: 5000,
  SIGHUP: 5000,
  "closed-output": 5000,
};
/** After the grace: time for a child to end by itself before its tree is killed. */
const ENDING_MS = 1000;
/** After that: time for the run to be saved, then the process ends whatever does not heed the stop. */
const SAVING_MS = 10_000;
/** After a second signal: time for the last words, then the process ends whatever is still going on. */
const LAST_WORDS_MS = 300;
/** After a stray error, when every child is gone: time for the run to be saved. */
const STRAY_MS = 2000;

export interface SignalPlan {
  /** How long what runs may take after the first signal, whatever it is; see `graceFor`. */
  readonly graceMs?: number | undefined;
  /** Whether a terminal can hang up on the command. Without one, as with `nohup`, SIGHUP is nothing to end for. */
  readonly hasTerminal: boolean;
  /** Ends every child with SIGKILL, at once. */
  readonly killAll: () => void;
  /** See `EndPlan`. `stopped` is the exit code of a command that was stopped and could not end by itself. */
  readonly lastWords: (cut: Cut, stopped: ExitCode | null) => ExitCode;
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
  readonly exitCode: () => ExitCode | null;
  /** What was thrown where nobody could catch it, the first time. */
  readonly stray: () => Stray | null;
  /** A stop that did not come as a signal: a key, a closed output. */
  readonly stop: (cause: StopCause, kind: "graceful" | "now") => void;
}

/** How long what runs may take after a stop, in milliseconds; `null` is as long as it takes. */
export function graceFor(cause: StopCause, given: number | undefined): number | null {
  return given ?? GRACE_MS[cause];
}

/** Takes over the process's signals, and its end, until disposed. */
export function ownSignals(plan: SignalPlan): SignalOwner {
  const drain = new AbortController();
  const now = new AbortController();
  let cause: StopCause | null = null;
  let stray: Stray | null = null;
  let graceTimer: NodeJS.Timeout | null = null;
  let lastTimer: NodeJS.Timeout | null = null;

  let endTimer: NodeJS.Timeout | null = null;

  const request = (): StopRequest | undefined =>
    cause === null ? undefined : new StopRequest(CODE[cause], cause !== "SIGINT");
  const leave = (): void => {
    plan.killAll();
    process.exit(CODE[cause ?? "SIGINT"]);
  };
  const end = (): void => {
    drain.abort(request());
    now.abort(request());
    endTimer ??= setTimeout(() => {
      plan.killAll();
      endTimer = setTimeout(leave, SAVING_MS);
    }, ENDING_MS);
  };
  const kill = (): void => {
    end();
    plan.killAll();
    lastTimer ??= setTimeout(leave, LAST_WORDS_MS);
  };
  const stop = (by: StopCause, kind: "graceful" | "now"): void => {
    if (cause !== null || kind === "now") {
      cause ??= by;
      kill();
      return;
    }
    cause = by;
    drain.abort(request());
    const graceMs = graceFor(by, plan.graceMs);
    if (graceMs !== null) graceTimer = setTimeout(end, graceMs);
  };

  // What still runs is ended first, so that the run is saved as after any other stop.
  const onStray = (thrown: unknown, finish: () => void): void => {
    if (stray !== null || (cause !== null && isAbort(thrown))) return;
    stray = { thrown };
    end();
    lastTimer ??= setTimeout(finish, ENDING_MS + STRAY_MS);
  };
  const exitCode = (): ExitCode | null => (cause === null || stray !== null ? null : CODE[cause]);
  const ending = ownEnd({
    onStray,
    lastWords: (cut) =>
      stray === null
        ? plan.lastWords(cause === null ? cut : { kind: "stopped" }, exitCode())
        : plan.lastWords({ kind: "error", ...stray }, null),
  });

  const handlers = SIGNALS.map((signal) => ({
    signal,
    handler: () => {
      if (signal !== "SIGHUP" || plan.hasTerminal) stop(signal, "graceful");
    },
  }));
  for (const { signal, handler } of handlers) process.on(signal, handler);
  const onOutputError = (error: NodeJS.ErrnoException): void => {
    if (error.code === "EPIPE" && cause === null) stop("closed-output", "graceful");
  };
  process.stdout.on("error", onOutputError);

  return {
    drain: drain.signal,
    now: now.signal,
    cause: () => cause,
    exitCode,
    stray: () => stray,
    stop,
    [Symbol.dispose]() {
      ending[Symbol.dispose]();
      process.stdout.off("error", onOutputError);
      for (const { signal, handler } of handlers) process.off(signal, handler);
      if (graceTimer) clearTimeout(graceTimer);
      if (endTimer) clearTimeout(endTimer);
      if (lastTimer) clearTimeout(lastTimer);
    },
  };
}

/**
 * Does something that no signal ends half-way. It happens within one turn of the event loop, in which no handler is
 * called; that there is one keeps the signal from ending the process.
 */
export function undisturbed<T>(work: () => T): T {
  const ignore = (): void => {};
  for (const signal of SIGNALS) process.on(signal, ignore);
  try {
    return work();
  } finally {
    for (const signal of SIGNALS) process.off(signal, ignore);
  }
}

/** Something that was thrown where nobody could catch it. */
export interface Stray {
  readonly thrown: unknown;
}

/**
 * How a command is cut off before it has answered: by a stray error, by a `process.exit` of somebody else's, because
 * nothing is left that could make it go on, or by a second signal that it could not end in time for.
 */
export type Cut = { readonly kind: "error"; readonly thrown: unknown } | { readonly kind: "exit" | "idle" | "stopped" };

export interface EndPlan {
  /** Ends the command after a stray error, or has `finish` end it at once. Default: at once. */
  readonly onStray?: (thrown: unknown, finish: () => void) => void;
  /** Says the last words of a command that is cut off. All has to be done when it returns. Answers the exit code. */
  readonly lastWords: (cut: Cut) => ExitCode;
}

/** Sees to it that the command does not end without an answer, until disposed: then it has given one. */
export function ownEnd(plan: EndPlan): Disposable {
  let cut: Cut = { kind: "exit" };
  const onError = (thrown: unknown): void => {
    const finish = (): void => {
      cut = { kind: "error", thrown };
      process.exit(EXIT.failed);
    };
    if (plan.onStray) plan.onStray(thrown, finish);
    else finish();
  };
  const onIdle = (): void => {
    cut = { kind: "idle" };
  };
  const dispose = (): void => {
    process.off("uncaughtException", onError);
    process.off("unhandledRejection", onError);
    process.off("beforeExit", onIdle);
    process.off("exit", onExit);
  };
  const onExit = (): void => {
    dispose();
    process.exitCode = plan.lastWords(cut);
  };
  process.on("uncaughtException", onError);
  process.on("unhandledRejection", onError);
  process.on("beforeExit", onIdle);
  process.on("exit", onExit);
  return { [Symbol.dispose]: dispose };
}

/** Whether an error is what a stop does to whatever is waiting, or was caused by that. */
export function isAbort(thrown: unknown): boolean {
  if (!(thrown instanceof Error)) return false;
  return thrown.name === "AbortError" || thrown.name === "Interrupted" || isAbort(thrown.cause);
}
