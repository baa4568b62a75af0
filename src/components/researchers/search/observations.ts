import type { HistoryEntry } from "../../../kernel/context.ts";
import { canonicalJson, type JsonObject } from "../../../model/json.ts";
import type { Direction } from "../../../model/settings.ts";
import type { Space } from "../../space/space.ts";

/** A configuration inside the space that was tried. */
export interface Observation {
  readonly spec: JsonObject;
  /** Lower is better; `Infinity` when it got no score. */
  readonly loss: number;
  /** Place among the observations, by id. */
  readonly order: number;
}

/** A configuration that an earlier run has tried. */
export interface PriorObservation {
  readonly spec: JsonObject;
  readonly score: number | null;
  /** It would get the same score here: there is nothing in trying it again. */
  readonly isKnown: boolean;
}

/**
 * What a search has seen: what an earlier run has tried, then the history's entries, as far as they are inside the
 * space. Kept up to date by reading only what was
 * appended since; a history that is not a continuation of the last one is read anew, with the same result.
 */
export class ObservationLog {
  readonly #space: Space;
  readonly #direction: Direction;
  readonly #prior: readonly PriorObservation[];
  #entries: HistoryEntry[] = [];
  #observations: Observation[] = [];
  #ranked: Observation[] = [];
  #seen = new Set<string>();
  #epoch = 0;

  constructor(space: Space, direction: Direction, prior: readonly PriorObservation[] = []) {
    this.#space = space;
    this.#direction = direction;
    this.#prior = prior;
    this.#beginAnew();
  }

  /** Observations in the order of their ids. */
  get observations(): readonly Observation[] {
    return this.#observations;
  }

  /** Observations from best to worst; of equals the earlier first, those without a score last. */
  get ranked(): readonly Observation[] {
    return this.#ranked;
  }

  /** How many different configurations were tried. */
  get distinct(): number {
    return this.#seen.size;
  }

  /** Rises when the history was read anew; while it stays, observations are only added. */
  get epoch(): number {
    return this.#epoch;
  }

  /** Whether a configuration was tried. */
  has(spec: JsonObject): boolean {
    return this.#seen.has(canonicalJson(spec));
  }

  /** Brings the log up to a history ordered by id. */
  update(entries: readonly HistoryEntry[]): void {
    if (!this.#isContinuedBy(entries)) {
      this.#beginAnew();
      this.#epoch += 1;
    }
    const before = this.#observations.length;
    for (let index = this.#entries.length; index < entries.length; index++) {
      const entry = entries[index];
      if (entry === undefined) continue;
      this.#entries.push(entry);
      this.#observe(entry, true);
    }
    // Quick, since all but the latest are in their order.
    this.#ranked = [...this.#ranked, ...this.#observations.slice(before)].sort(byLoss);
  }

  #beginAnew(): void {
    this.#entries = [];
    this.#observations = [];
    this.#ranked = [];
    this.#seen = new Set();
    for (const one of this.#prior) this.#observe(one, one.isKnown);
    this.#ranked = [...this.#observations].sort(byLoss);
  }

  /** Takes one in, unless it is outside the space. */
  #observe({ spec, score }: Pick<PriorObservation, "spec" | "score">, isKnown: boolean): void {
    if (this.#space.violation(spec) !== null) return;
    this.#observations.push({ spec, loss: this.#loss(score), order: this.#observations.length });
    if (isKnown) this.#seen.add(canonicalJson(spec));
  }

  #isContinuedBy(entries: readonly HistoryEntry[]): boolean {
    if (this.#entries.length > entries.length) return false;
    // A plain loop: this is the one thing that is done again for every entry of a long history.
    for (let index = 0; index < this.#entries.length; index++) {
      if (this.#entries[index] !== entries[index]) return false;
    }
    return true;
  }

  #loss(score: number | null): number {
    if (score === null || !Number.isFinite(score)) return Number.POSITIVE_INFINITY;
    return this.#direction === "minimize" ? score : -score;
  }
}

function byLoss(a: Observation, b: Observation): number {
  if (a.loss === b.loss) return a.order - b.order;
  return a.loss < b.loss ? -1 : 1;
}
