import type { Clock } from "../kernel/effects.ts";

/** Why a try failed in a way that may pass: what to tell the user, and how long the other side asked to wait. */
export interface PassingFailure {
  readonly reason: string;
  readonly retryAfterMs?: number;
}

export interface Backoff {
  readonly clock: Pick<Clock, "monotonic" | "sleep">;
  /** Uniform in [0, 1): spreads the waits, so that parallel calls do not come back all at once. */
  readonly jitter: () => number;
  /** How long after the first failure it is tried again, in milliseconds. */
  readonly maxWaitMs: number;
  readonly signal: AbortSignal;
  /** Ends the waiting, but no try: what was waited for is given up. */
  readonly stopping?: AbortSignal | undefined;
  /** Before each wait. */
  readonly onWait?: (failure: PassingFailure, waitMs: number) => void;
}

/** It did not pass in `maxWaitMs`, or would not have, or is waited for no more: the last failure, the number of tries, and the time they took. */
export class GaveUp extends Error {
  readonly tries: number;
  /** From the first try to the last failure. */
  readonly waitedMs: number;
  readonly failure: PassingFailure;

  constructor(tries: number, waitedMs: number, failure: PassingFailure, cause: unknown) {
    super(failure.reason, { cause });
    this.name = "GaveUp";
    this.tries = tries;
    this.waitedMs = waitedMs;
    this.failure = failure;
  }
}

const FIRST_WAIT_MS = 1000;
const LONGEST_WAIT_MS = 60_000;

/**
 * Tries until it works. What `passing` calls a passing failure is waited out, 1 s at first and doubling up to 60 s,
 * half of it jitter, never less than the other side asked for; anything else is thrown on. Throws `GaveUp` when the next
 * wait would end later than `maxWaitMs` after the first failure or `stopping` aborts, and the signal's reason as soon as
 * it aborts.
 */
export async function withBackoff<T>(
  attempt: () => Promise<T>,
  passing: (thrown: unknown) => PassingFailure | null,
  backoff: Backoff,
): Promise<T> {
  const startedAt = backoff.clock.monotonic();
  let firstFailureAt: number | null = null;
  for (let tries = 1; ; tries++) {
    backoff.signal.throwIfAborted();
    try {
      return await attempt();
    } catch (thrown) {
      backoff.signal.throwIfAborted();
      const failure = passing(thrown);
      if (!failure) throw thrown;
      const now = backoff.clock.monotonic();
      firstFailureAt ??= now;
      const ceiling = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** (tries - 1));
      const ownMs = ceiling * (0.5 + backoff.jitter() / 2);
      const waitMs = Math.round(Math.max(ownMs, failure.retryAfterMs ?? 0));
      const gaveUp = new GaveUp(tries, now - startedAt, failure, thrown);
      const { signal, stopping = signal } = backoff;
      if (stopping.aborted || now + waitMs - firstFailureAt > backoff.maxWaitMs) throw gaveUp;
      backoff.onWait?.(failure, waitMs);
      await backoff.clock.sleep(waitMs, AbortSignal.any([signal, stopping])).catch(() => {});
      signal.throwIfAborted();
      if (stopping.aborted) throw gaveUp;
    }
  }
}
