import { compareIds, type HypothesisId, parseHypothesisId } from "./ids.ts";

/** A rollback as far as it says which hypotheses count. */
export interface CountingRollback {
  /** The last iteration that had proposed its hypotheses when the user rolled back. */
  readonly afterIteration: number;
  /** What it went back to. */
  readonly hypothesisId: HypothesisId;
}

/**
 * Which hypotheses count for the best after these rollbacks, oldest first. A rollback leaves out what came after its
 * hypothesis, up to the iteration it was made in, and nothing else: what came before counts as it did. It goes back to a
 * moment of the run, so rollbacks made since that moment are themselves rolled back.
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
