import type { TrialAttempt, TrialStatus } from "../model/trial.ts";

/** Times an attempt that failed for reasons outside the trial is repeated, besides the spec's `retries`. */
export const INFRASTRUCTURE_RETRIES = 2;

export function isInfrastructureFailure(status: TrialStatus): boolean {
  return status === "spawn-error" || status === "lost";
}

/** Failed attempts so far, by whose fault they were. Attempts cut short by a crash or a stop count for neither. */
export function retriesUsed(attempts: readonly TrialAttempt[]): {
  readonly infrastructure: number;
  readonly own: number;
} {
  let infrastructure = 0;
  let own = 0;
  for (const { status } of attempts) {
    if (status === undefined || status === "cancelled" || status === "completed") continue;
    if (isInfrastructureFailure(status)) infrastructure++;
    else own++;
  }
  return { infrastructure, own };
}
