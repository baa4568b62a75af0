import type { HypothesisId } from "../model/ids.ts";
import type { FinishReason, RunManifest, RunStatus, RunTotals } from "../model/run.ts";
import type { Source } from "./records.ts";
import { type Standing, standing } from "./standing.ts";

/** A run in brief. */
export interface RunSummary {
  /** Absolute path of the workspace. */
  readonly workspace: string;
  readonly runId: string;
  readonly name: string;
  readonly status: RunStatus;
  /** Why it ended or stopped, once it has. */
  readonly reason: FinishReason | null;
  readonly seed: number;
  readonly iterationsCompleted: number;
  readonly hypotheses: Standing["hypotheses"];
  readonly bestScore: number | null;
  readonly bestHypothesisId: HypothesisId | null;
  readonly totals: RunTotals;
}

/** The summary of a run from its manifest and its evaluations. */
export function summarize(source: Source, manifest: RunManifest): RunSummary {
  const { runId, name, status, reason = null, seed, iterationsCompleted, totals } = manifest;
  const { hypotheses, best } = standing(source, manifest);
  return {
    workspace: source.root,
    runId,
    name,
    status,
    reason,
    seed,
    iterationsCompleted,
    hypotheses,
    bestScore: best?.score ?? null,
    bestHypothesisId: best?.id ?? null,
    totals,
  };
}
