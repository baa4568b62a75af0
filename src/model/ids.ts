/**
 * Ids are positional and safe as file names: iteration `00002`, hypothesis `i00002-h003`, its repeats
 * `i00002-h003-t00`, its checks `i00002-h003-c00`, attempts of either `…-t00.a1`. Padding is for reading:
 * code compares the numbers.
 */
export type HypothesisId = string;
export type TrialId = string;

const HYPOTHESIS = /^i(\d{1,9})-h(\d{1,9})$/;
const TRIAL = /^(i\d{1,9}-h\d{1,9})-([tc])(\d{1,9})$/;

export function iterationName(iteration: number): string {
  return String(iteration).padStart(5, "0");
}

export function hypothesisId(iteration: number, index: number): HypothesisId {
  return `i${iterationName(iteration)}-h${String(index).padStart(3, "0")}`;
}

export function trialId(hypothesis: HypothesisId, kind: "trial" | "check", index: number): TrialId {
  return `${hypothesis}-${kind === "trial" ? "t" : "c"}${String(index).padStart(2, "0")}`;
}

export function attemptName(trial: TrialId, attempt: number): string {
  return `${trial}.a${attempt}`;
}

export function parseHypothesisId(id: string): { readonly iteration: number; readonly index: number } | null {
  const match = HYPOTHESIS.exec(id);
  return match ? { iteration: Number(match[1]), index: Number(match[2]) } : null;
}

export function parseTrialId(
  id: string,
): { readonly hypothesisId: HypothesisId; readonly kind: "trial" | "check"; readonly index: number } | null {
  const match = TRIAL.exec(id);
  if (!match?.[1]) return null;
  return { hypothesisId: match[1], kind: match[2] === "t" ? "trial" : "check", index: Number(match[3]) };
}

/** Orders hypothesis ids by iteration, then index, as numbers; anything that is not one sorts last, as text. */
export function compareIds(a: HypothesisId, b: HypothesisId): number {
  const left = parseHypothesisId(a);
  const right = parseHypothesisId(b);
  if (!left || !right) return left ? -1 : right ? 1 : a < b ? -1 : a > b ? 1 : 0;
  return left.iteration - right.iteration || left.index - right.index;
}
