import { countedAfter } from "../model/counted.ts";
import type { HypothesisId } from "../model/ids.ts";
import type { RunManifest } from "../model/run.ts";
import { bestOf, comparisonOf, hasScore, type WithScore } from "../model/score.ts";
import { type Verdict, Verdicts } from "./index-view.ts";
import { listIterations, listRecords } from "./listing.ts";
import { readIteration, type Source } from "./records.ts";
import { readRollbacks } from "./rollbacks.ts";

/** How the hypotheses of a run did so far, the iteration under way included. */
export interface Standing {
  readonly hypotheses: {
    readonly total: number;
    readonly scored: number;
    /** Evaluated, without a score. */
    readonly failed: number;
  };
  /**
   * Best of the current score generation, as the loop itself tells it: ties to the earlier id, better only by more than
   * `min_delta`, what a rollback left out not counted.
   */
  readonly best: WithScore<Verdict> | null;
}

/** Counts and compares the evaluations on disk. Throws `WorkspaceError` ("damaged") for one that cannot be read. */
export function standing(source: Source, manifest: RunManifest): Standing {
  const { root, files } = source;
  const verdicts = new Verdicts(source);
  const counts = countsIn(source, manifest);
  const metric = comparisonOf(manifest.spec);
  let best: Standing["best"] = null;
  let [total, evaluated, scored] = [0, 0, 0];
  for (const iteration of listIterations(root, files)) {
    const ids = listRecords(root, files, iteration, "hypotheses");
    const known = verdicts.of(iteration, ids);
    total += ids.length;
    evaluated += known.length;
    scored += known.filter(hasScore).length;
    best = bestOf(known.filter(counts(iteration)), metric, best);
  }
  return { hypotheses: { total, scored, failed: evaluated - scored }, best };
}

/**
 * Which hypotheses of an iteration count for the best: those of the current score generation that no rollback left out.
 * Throws `WorkspaceError` ("damaged") for a record of a rollback or an iteration that cannot be read.
 */
export function countsIn(
  source: Source,
  manifest: RunManifest,
): (iteration: number) => (hypothesis: { readonly id: HypothesisId }) => boolean {
  const isCounted = countedAfter(readRollbacks(source));
  return (iteration) => (isCurrent(source, manifest, iteration) ? ({ id }) => isCounted(id) : () => false);
}

/** In the first generation every iteration counts, so that none of their records need to be read. */
function isCurrent(source: Source, manifest: RunManifest, iteration: number): boolean {
  if (manifest.generation === 0) return true;
  return (readIteration(source, iteration)?.generation ?? manifest.generation) === manifest.generation;
}
