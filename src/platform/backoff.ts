import type { Effects } from "../kernel/effects.ts";
import { parseDuration } from "../model/units.ts";

/** Why a try failed in a way that may pass: what to tell the user, and how long the other side asked to wait. */
export interface PassingFailure {
  readonly reason: string;
  readonly retryAfterMs?: number;
}

export interface Backoff {
  readonly effects: Pick<Effects, "clock" | "token">;
  /** How long after the first failure it is tried again; a number is seconds. */
  readonly maxWait: number | string;
  readonly signal: AbortSignal;
  /** Ends the waiting, but no try: what was waited for is given up. */
  readonly stopping?: AbortSignal | undefined;
  /** Told before each wait, in words. */
  readonly onWait?: ((waiting: string) => void) | undefined;
}

/** It did not pass in `maxWait`, or would not have, or is waited for no more. */
export class GaveUp extends Error {
  readonly tries: number;
  /** From the first try to the last failure: `3 tries in 1.2 s (max wait 5m)`. */
  readonly waited: string;
  readonly failure: PassingFailure;

  constructor(tries: number, waited: string, failure: PassingFailure, cause: unknown) {
    super(failure.reason, { cause });
    this.name = "GaveUp";
    this.tries = tries;
    this.waited = waited;
    this.failure = failure;
  }
}

const FIRST_WAIT_MS = 1000;
const LONGEST_WAIT_MS = 60_000;

/**
 * Tries until it works. What `passing` calls a passing failure is waited out: as long as the other side asked for and up
 * to a fiftieth more, or else 1 s at first and doubling up to 60 s, half of it jitter; anything else is thrown on. Throws `GaveUp` when the next
 * wait would end later than `maxWait` after the first failure or `stopping` aborts, and the signal's reason as soon as
 * it aborts.
 */
export async function withBackoff<T>(
  attempt: () => Promise<T>,
  passing: (thrown: unknown) => PassingFailure | null,
  { effects: { clock, token }, maxWait, signal, stopping = signal, onWait }: Backoff,
): Promise<T> {
  const startedAt = clock.monotonic();
  let firstFailureAt: number | null = null;
  let ceiling = FIRST_WAIT_MS / 2;
  for (let tries = 1; ; tries++) {
    signal.throwIfAborted();
    try {
      return await attempt();
    } catch (thrown) {
      signal.throwIfAborted();
      const failure = passing(thrown);
      if (!failure) throw thrown;
      const now = clock.monotonic();
      firstFailureAt ??= now;
      // Spreads the waits, so that parallel calls do not come back all at once.
      const jitter = Number.parseInt(token(4), 16) / 2 ** 32;
      const { retryAfterMs } = failure;
      if (retryAfterMs === undefined) ceiling = Math.min(LONGEST_WAIT_MS, ceiling * 2);
      const asked = Math.max(FIRST_WAIT_MS, retryAfterMs ?? 0) * (1 + jitter / 50);
      const waitMs = Math.round(retryAfterMs === undefined ? ceiling * (0.5 + jitter / 2) : asked);
      const waited = `${tries} ${tries === 1 ? "try" : "tries"} in ${((now - startedAt) / 1000).toFixed(1)} s`;
      const gaveUp = new GaveUp(tries, `${waited} (max wait ${maxWait})`, failure, thrown);
      if (stopping.aborted || now + waitMs - firstFailureAt > parseDuration(maxWait)) throw gaveUp;
      onWait?.(`${failure.reason}; trying again in ${(waitMs / 1000).toFixed(1)} s`);
      await clock.sleep(waitMs, AbortSignal.any([signal, stopping])).catch(() => {});
      signal.throwIfAborted();
      if (stopping.aborted) throw gaveUp;
    }
  }
}
