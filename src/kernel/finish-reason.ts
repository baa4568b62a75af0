import type { FinishReason, RunStatus } from "../model/run.ts";

/** What a run is once it has ended: `interrupted` and `paused` ones go on later. */
export type FinalStatus = Exclude<RunStatus, "created" | "running">;

/** What a run becomes that ends for a reason, and the reason as words that can follow `digits finished:`. */
const REASONS: Readonly<Record<FinishReason, readonly [status: FinalStatus, words: string]>> = {
  iterations: ["finished", "all iterations are done"],
  hypotheses: ["finished", "the limit of hypotheses is reached"],
  patience: ["finished", "no improvement for as many iterations as patience allows"],
  target: ["finished", "the target score is reached"],
  "wall-clock": ["finished", "the time is used up"],
  tokens: ["finished", "the tokens are used up"],
  cost: ["finished", "the money is used up"],
  exhausted: ["finished", "everything there is to try was tried"],
  failures: ["failed", "too many experiments failed in a row"],
  "failed-alike": ["failed", "the first three hypotheses failed alike"],
  "start-failed": ["failed", "the start has no score"],
  "no-proposals": ["failed", "no proposal could be used"],
  "nothing-scored": ["failed", "nothing was ever scored"],
  error: ["failed", "stopped by an error"],
  interrupted: ["interrupted", "interrupted"],
  paused: ["paused", "paused"],
};

/** What a run's status becomes when it ends for this reason. */
export function statusOf(reason: FinishReason): FinalStatus {
  return REASONS[reason][0];
}

/** Why a run ended, as words that can follow `digits finished:`. */
export function finishWords(reason: FinishReason): string {
  return REASONS[reason][1];
}
