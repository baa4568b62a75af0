import { sweepMarked } from "./marker-sweep.ts";

/** How long a sweep may block for a process that does not go at once. */
const SWEEP_BOUND_MS = 100;
const FINAL_BOUND_MS = 400;
const SHORTEST_INTERVAL_MS = 1000;
/** On a machine with very many processes a sweep is slow: it gets at most 1/50 of the time. */
const INTERVAL_PER_SWEEP = 50;

/**
 * Decides when to look for what trials left outside their own group. A look reads the whole process list, so trials
 * that ended by themselves are looked after together, about once a second.
 */
export class Sweeper {
  readonly #running = new Map<string, number>();
  readonly #ended = new Set<string>();
  #timer: NodeJS.Timeout | null = null;
  #intervalMs = SHORTEST_INTERVAL_MS;

  /** A process with this marker is about to start. Several may share one. */
  started(marker: string): void {
    this.#running.set(marker, (this.#running.get(marker) ?? 0) + 1);
    this.#ended.delete(marker);
  }

  /** One has ended. `now`: look at once, because it was made to end. */
  ended(marker: string, when: "now" | "later"): void {
    const others = (this.#running.get(marker) ?? 1) - 1;
    if (others > 0) {
      this.#running.set(marker, others);
      return;
    }
    this.#running.delete(marker);
    this.#ended.add(marker);
    if (when === "now") this.#sweep();
    else this.#schedule();
  }

  /** Ends everything that carries a marker of a running or an ended trial, at once. */
  sweepAll(): void {
    const known = new Set([...this.#running.keys(), ...this.#ended]);
    this.#cancel();
    if (known.size === 0) return;
    if (sweepMarked((marker) => known.has(marker), FINAL_BOUND_MS).clean) this.#ended.clear();
  }

  #sweep(): void {
    this.#cancel();
    const start = performance.now();
    const { clean } = sweepMarked((marker) => this.#ended.has(marker), SWEEP_BOUND_MS);
    if (clean) this.#ended.clear();
    else this.#schedule();
    this.#intervalMs = Math.max(SHORTEST_INTERVAL_MS, INTERVAL_PER_SWEEP * (performance.now() - start));
  }

  #schedule(): void {
    if (this.#timer !== null || this.#ended.size === 0) return;
    this.#timer = setTimeout(() => {
      this.#timer = null;
      this.#sweep();
    }, this.#intervalMs);
    this.#timer.unref();
  }

  #cancel(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }
}
