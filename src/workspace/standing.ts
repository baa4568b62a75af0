import { compareIds, type HypothesisId } from "../model/ids.ts";
import type { RunManifest } from "../model/run.ts";
import { bestOf, type Comparison, comparisonOf, hasScore, isBetter, type WithScore } from "../model/score.ts";
import { type Verdict, Verdicts } from "./index-view.ts";
import { listIterations, listRecords } from "./listing.ts";
import { readIteration, type Source } from "./records.ts";
import { type AppliedRollback, readRollbacks } from "./rollbacks.ts";

/** How the hypotheses of a run did so far, the iteration under way included. */
export interface Standing {
  readonly hypotheses: {
    readonly total: number;
    readonly scored: number;
    /** Evaluated, without a score. */
    readonly failed: number;
  };
  /**
   * Best of the current score generation, as the loop itself sees it: ties to the earlier id, better only by more than
   * `min_delta`, what was rolled back not counted.
   */
  readonly best: WithScore<Verdict> | null;
}

/** Counts and compares the evaluations on disk. Throws `WorkspaceError` ("damaged") for one that cannot be read. */
export function standing(source: Source, manifest: RunManifest): Standing {
  const { root, files } = source;
  const verdicts = new Verdicts(source);
  const race = new Race(comparisonOf(manifest.spec), readRollbacks(source));
  let [total, evaluated, scored] = [0, 0, 0];
  for (const iteration of listIterations(root, files)) {
    const ids = listRecords(root, files, iteration, "hypotheses");
    const known = verdicts.of(iteration, ids);
    total += ids.length;
    evaluated += known.length;
    scored += known.filter(hasScore).length;
    if (isCurrent(source, manifest, iteration)) race.take(iteration, known);
  }
  return { hypotheses: { total, scored, failed: evaluated - scored }, best: race.best };
}

/** The best so far, over iterations in order. */
class Race {
  best: WithScore<Verdict> | null = null;
  readonly #metric: Comparison;
  readonly #rollbacks: readonly AppliedRollback[];
  readonly #scored: WithScore<Verdict>[] = [];

  constructor(metric: Comparison, rollbacks: readonly AppliedRollback[]) {
    this.#metric = metric;
    this.#rollbacks = rollbacks;
  }

  take(iteration: number, verdicts: readonly Verdict[]): void {
    for (const verdict of verdicts.filter(hasScore)) {
      this.#scored.push(verdict);
      if (isBetter(verdict.score, this.best?.score ?? null, this.#metric)) this.best = verdict;
    }
    for (const { afterIteration, hypothesisId } of this.#rollbacks) {
      if (afterIteration === iteration) this.#rollBack(hypothesisId);
    }
  }

  #rollBack(to: HypothesisId): void {
    const kept = this.#scored.filter(({ id }) => compareIds(id, to) <= 0);
    this.best = kept.find(({ id }) => id === to) ?? bestOf(kept, this.#metric);
  }
}

/** In the first generation every iteration counts, so that none of their records need to be read. */
function isCurrent(source: Source, manifest: RunManifest, iteration: number): boolean {
  if (manifest.generation === 0) return true;
  return (readIteration(source, iteration)?.generation ?? manifest.generation) === manifest.generation;
}
