import type { ProcessGroup } from "./group.ts";

const SHORTEST_INTERVAL_MS = 1000;
/** On a machine with very many processes a look is slow: it gets at most 1/50 of the time. */
const INTERVAL_PER_LOOK = 50;

/**
 * Looks about once a second at what running trials have started, so that what moves to a session of its own and clears its
 * environment is known by the time it has lost its parent. What does all that between two looks is not found: only a pid
 * namespace holds such a one.
 */
export class TreeWatch {
  readonly #groups = new Set<ProcessGroup>();
  #timer: NodeJS.Timeout | null = null;

  add(group: ProcessGroup): void {
    this.#groups.add(group);
    this.#schedule(SHORTEST_INTERVAL_MS);
  }

  remove(group: ProcessGroup): void {
    this.#groups.delete(group);
  }

  #schedule(ms: number): void {
    if (this.#timer !== null) return;
    this.#timer = setTimeout(() => {
      this.#timer = null;
      if (this.#groups.size === 0) return;
      const from = performance.now();
      for (const group of this.#groups) group.look();
      this.#schedule(Math.max(SHORTEST_INTERVAL_MS, INTERVAL_PER_LOOK * (performance.now() - from)));
    }, ms);
    this.#timer.unref();
  }
}
