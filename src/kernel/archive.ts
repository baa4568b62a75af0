import { compareIds, type HypothesisId, parseHypothesisId } from "../model/ids.ts";
import { type Comparison, hasScore, isBetter, type Scored, type WithScore } from "../model/score.ts";

/** What an archive has to know of a finished hypothesis. */
export interface Candidate extends Scored {
  /** Its evaluator said no: it is never the best, however good its score. */
  readonly vetoed?: boolean;
}

/** A rollback as far as it says which hypotheses count. */
export interface CountingRollback {
  /** The last iteration that had proposed its hypotheses when the user rolled back. */
  readonly afterIteration: number;
  /** What it went back to. */
  readonly hypothesisId: HypothesisId;
}

interface Place<T extends Candidate> {
  readonly entry: T;
  /** The best of all up to this one. */
  best: WithScore<T> | null;
}

/**
 * The hypotheses of a run, and the best of them: a fold in the order of their ids, whatever order they come in. A later
 * one takes over only by more than `min_delta`, so ties stay with the earlier. A rollback makes its hypothesis the best,
 * and those that came after it leave. Pure.
 */
export class Archive<T extends Candidate> {
  /** By what rules a hypothesis is compared with the best before it: they may change in the course of a run. */
  readonly #rules: (id: HypothesisId) => Comparison;
  readonly #places: Place<T>[] = [];
  readonly #rollbacks: CountingRollback[];
  #counts: (id: HypothesisId) => boolean;

  constructor(rules: (id: HypothesisId) => Comparison, rollbacks: readonly CountingRollback[] = []) {
    this.#rules = rules;
    this.#rollbacks = [...rollbacks];
    this.#counts = countedAfter(rollbacks);
  }

  /** Takes a hypothesis in, or in the place of what was known of it. */
  add(entry: T): void {
    const before = this.#upTo(entry.id);
    const known = this.#places[before]?.entry.id === entry.id;
    this.#places.splice(known ? before : before + 1, known ? 1 : 0, { entry, best: null });
    this.#foldFrom(known ? before : before + 1);
  }

  /** Forgets a hypothesis that is to be scored again. */
  remove(id: HypothesisId): void {
    const at = this.#upTo(id);
    if (this.#places[at]?.entry.id !== id) return;
    this.#places.splice(at, 1);
    this.#foldFrom(at);
  }

  /** Goes back to a hypothesis. Those after it, up to the iteration that was the last, do not count any more. */
  rollBack(rollback: CountingRollback): void {
    this.#rollbacks.push(rollback);
    this.#counts = countedAfter(this.#rollbacks);
    this.#foldFrom(0);
  }

  /** The best; `null` when nothing that counts has a score. */
  best(): WithScore<T> | null {
    return this.#places.at(-1)?.best ?? null;
  }

  /** Whether a hypothesis counts after all rollbacks. */
  counts(id: HypothesisId): boolean {
    return this.#counts(id);
  }

  /** All that count, in the order of their ids. */
  entries(): readonly T[] {
    return this.#places.map(({ entry }) => entry).filter(({ id }) => this.#counts(id));
  }

  /** Where the last is whose id is not after this one; looked for from the end, where new ones are. */
  #upTo(id: HypothesisId): number {
    return this.#places.findLastIndex(({ entry }) => compareIds(entry.id, id) <= 0);
  }

  #foldFrom(start: number): void {
    const wentTo = this.#rollbacks.at(-1)?.hypothesisId;
    let best = this.#places[start - 1]?.best ?? null;
    for (const place of this.#places.slice(start)) {
      const { entry } = place;
      if (wentTo !== undefined && compareIds(entry.id, wentTo) <= 0) {
        best = entry.id === wentTo && mayBeBest(entry) ? entry : null;
      } else if (this.#counts(entry.id) && mayBeBest(entry)) {
        if (isBetter(entry.score, best?.score ?? null, this.#rules(entry.id))) best = entry;
      }
      place.best = best;
    }
  }
}

export function mayBeBest<T extends Candidate>(entry: T): entry is WithScore<T> {
  return hasScore(entry) && entry.vetoed !== true;
}

/**
 * Which hypotheses count after these rollbacks, oldest first. A rollback leaves out what came after its hypothesis, up to
 * the iteration it was made in, and nothing else. It goes back to a moment of the run, so rollbacks made since that
 * moment are themselves rolled back.
 */
export function countedAfter(rollbacks: readonly CountingRollback[]): (id: HypothesisId) => boolean {
  const holding: CountingRollback[] = [];
  for (const rollback of rollbacks.toReversed()) {
    const later = holding.at(-1);
    if (later === undefined || rollback.afterIteration < iterationOf(later.hypothesisId)) holding.push(rollback);
  }
  return (id) =>
    holding.every(
      ({ afterIteration, hypothesisId }) => compareIds(id, hypothesisId) <= 0 || iterationOf(id) > afterIteration,
    );
}

function iterationOf(id: HypothesisId): number {
  return parseHypothesisId(id)?.iteration ?? Number.POSITIVE_INFINITY;
}
