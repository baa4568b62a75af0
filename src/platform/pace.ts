import type { Clock } from "../kernel/effects.ts";
import { RunnerError } from "../kernel/errors.ts";

const WINDOW_MS = { s: 1000, m: 60_000, h: 3_600_000 };

/** Lets no more than so many requests begin in any window of time. */
export class Pace {
  readonly #clock: Clock;
  readonly #rate: string | undefined;
  readonly #most: number;
  readonly #windowMs: number;
  readonly #starts: number[] = [];

  constructor(rate: string | undefined, clock: Clock) {
    const [, most, unit] = /^(\d+)\/([smh])$/.exec(rate ?? "") ?? [];
    this.#clock = clock;
    this.#rate = rate;
    this.#most = most === undefined ? Number.POSITIVE_INFINITY : Number(most);
    this.#windowMs = unit === "s" || unit === "m" || unit === "h" ? WINDOW_MS[unit] : 0;
  }

  /** Waits until the next one may begin. Throws the signal's reason, or `unavailable` once `stopping` aborts. */
  async turn(signal: AbortSignal, stopping: AbortSignal = signal): Promise<void> {
    if (this.#windowMs === 0) return;
    const now = this.#clock.monotonic();
    const before = this.#starts.at(-this.#most);
    const at = before === undefined ? now : Math.max(now, before + this.#windowMs);
    this.#starts.push(at);
    if (this.#starts.length > this.#most) this.#starts.shift();
    if (at <= now) return;
    await this.#clock.sleep(at - now, AbortSignal.any([signal, stopping])).catch(() => {});
    signal.throwIfAborted();
    if (stopping.aborted)
      throw new RunnerError("unavailable", `nothing more is asked: stopped while waiting by the rate of ${this.#rate}`);
  }
}
