import type { FinishReason } from "../model/run.ts";

const WORDS: Readonly<Record<FinishReason, string>> = {
  iterations: "all iterations are done",
  hypotheses: "the limit of hypotheses is reached",
  patience: "no improvement for as many iterations as patience allows",
  target: "the target score is reached",
  "wall-clock": "the time is used up",
  tokens: "the tokens are used up",
  cost: "the money is used up",
  exhausted: "everything there is to try was tried",
  failures: "too many experiments failed in a row",
  "failed-alike": "the first three hypotheses failed alike",
  "start-failed": "the start has no score",
  "no-proposals": "no proposal could be used",
  "nothing-scored": "nothing was ever scored",
  interrupted: "interrupted",
  paused: "paused",
  error: "stopped by an error",
};

const BAD: readonly FinishReason[] = [
  "failures",
  "failed-alike",
  "start-failed",
  "no-proposals",
  "nothing-scored",
  "error",
];

/** Why a run ended, as words that can follow `digits finished:`. */
export function finishWords(reason: FinishReason): string {
  return WORDS[reason];
}

/** How a run ended in one word and a kind: `good` reached a stop condition, `held` can go on later, `bad` failed. */
export function finishKind(reason: FinishReason): { readonly kind: "good" | "held" | "bad"; readonly word: string } {
  if (reason === "interrupted") return { kind: "held", word: "interrupted" };
  if (reason === "paused") return { kind: "held", word: "paused" };
  if (BAD.includes(reason)) return { kind: "bad", word: "failed" };
  return { kind: "good", word: "finished" };
}
