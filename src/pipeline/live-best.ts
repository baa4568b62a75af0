import { compareIds, type HypothesisId } from "../model/ids.ts";
import type { BestSoFar } from "../model/run.ts";
import { bestOf, type Comparison, isBetter, type Scored, withoutMinimum } from "../model/score.ts";

/** A score of an iteration that is not finished, and the best of all up to it in the order of ids. */
interface OpenScore {
  readonly scored: BestSoFar;
  readonly best: BestSoFar;
}

/**
 * The best as `inspect` has it at every moment: of all that is scored and counts, the
 * iterations under way included, in the order of ids whatever order scores come in.
 */
export class LiveBest {
  readonly #metric: Comparison;
  readonly #counts: (id: HypothesisId) => boolean;
  readonly #open: OpenScore[] = [];
  #settled: BestSoFar | null = null;
  #top: BestSoFar | null = null;

  constructor(metric: Comparison, counts: (id: HypothesisId) => boolean) {
    this.#metric = metric;
    this.#counts = counts;
  }

  get current(): BestSoFar | null {
    return this.#open.at(-1)?.best ?? this.#settled;
  }

  /** The best of finished iterations. */
  get settled(): BestSoFar | null {
    return this.#settled;
  }

  /** The best score of finished iterations by itself: also one that is better by too little to be the best. */
  get top(): BestSoFar | null {
    return this.#top;
  }

  /** Takes in the evaluation of a hypothesis whose iteration is not finished. */
  scored(id: HypothesisId, score: number | null): void {
    const before = this.#open.findLastIndex(({ scored }) => compareIds(scored.id, id) <= 0);
    const known = this.#open[before]?.scored.id === id;
    const entry = score === null || !this.#counts(id) ? [] : [{ id, score }];
    if (known || entry.length > 0) this.#replace(known ? before : before + 1, known ? 1 : 0, entry);
  }

  /** The hypothesis is to be scored again. */
  forget(id: HypothesisId): void {
    this.scored(id, null);
  }

  /** Takes in the next finished iteration; `entries` in the order of their ids. */
  settle(entries: readonly Scored[]): void {
    const counted = entries.filter(({ id }) => this.#counts(id));
    const best = bestOf(counted, this.#metric, this.#settled);
    const top = bestOf(counted, withoutMinimum(this.#metric), this.#top);
    this.#top = top && { id: top.id, score: top.score };
    this.#settled = best && { id: best.id, score: best.score };
    const last = entries.at(-1)?.id;
    const settled = last === undefined ? 0 : this.#open.filter(({ scored }) => compareIds(scored.id, last) <= 0).length;
    this.#replace(0, settled, []);
  }

  #replace(from: number, removed: number, added: readonly BestSoFar[]): void {
    const rest = this.#open.splice(from).slice(removed);
    for (const scored of [...added, ...rest.map((one) => one.scored)]) {
      const incumbent = this.current;
      const isNew = incumbent === null || isBetter(scored.score, incumbent.score, this.#metric);
      this.#open.push({ scored, best: isNew ? scored : incumbent });
    }
  }
}
