import { Archive } from "../kernel/archive.ts";
import type { RunManifest } from "../model/run.ts";
import { comparisonsOf, hasScore, type WithScore } from "../model/score.ts";
import { type Verdict, Verdicts } from "./index-view.ts";
import { listIterations, listRecords } from "./listing.ts";
import type { Source } from "./records.ts";
import { readRollbacks } from "./rollbacks.ts";

/** How the hypotheses of a run did so far, the iteration under way included. */
export interface Standing {
  readonly hypotheses: {
    readonly total: number;
    readonly scored: number;
    /** Evaluated, without a score. */
    readonly failed: number;
  };
  readonly best: WithScore<Verdict> | null;
}

/** Counts and compares the evaluations on disk. Throws `WorkspaceError` ("damaged") for one that cannot be read. */
export function standing(source: Source, manifest: RunManifest): Standing {
  const { root, files } = source;
  const verdicts = new Verdicts(source);
  const archive = new Archive<Verdict>(comparisonsOf(manifest), readRollbacks(source));
  let [total, evaluated, scored] = [0, 0, 0];
  for (const iteration of listIterations(root, files)) {
    const ids = listRecords(root, files, iteration, "hypotheses");
    const known = verdicts.of(iteration, ids);
    total += ids.length;
    evaluated += known.length;
    scored += known.filter(hasScore).length;
    for (const verdict of known) archive.add(verdict);
  }
  return { hypotheses: { total, scored, failed: evaluated - scored }, best: archive.best() };
}
