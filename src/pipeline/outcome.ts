import { EXIT, type ExitCode, type FailureCode, isAuraError, RunnerError } from "../kernel/errors.ts";
import type { FinishReason, RunStatus } from "../model/run.ts";

const STATUS: Readonly<Record<FinishReason, RunStatus>> = {
  iterations: "finished",
  hypotheses: "finished",
  patience: "finished",
  target: "finished",
  "wall-clock": "finished",
  tokens: "finished",
  cost: "finished",
  exhausted: "finished",
  failures: "failed",
  "no-proposals": "failed",
  "nothing-scored": "failed",
  error: "failed",
  interrupted: "interrupted",
  paused: "paused",
};

/** What a run's status becomes when it ends for this reason. */
export function statusOf(reason: FinishReason): RunStatus {
  return STATUS[reason];
}

/** Exit code of a run that ended for this reason; an interrupted one's may be another, see `StopRequest`. */
export function exitCodeOf(reason: FinishReason): ExitCode {
  const status = statusOf(reason);
  if (status === "finished") return EXIT.ok;
  if (status === "paused") return EXIT.paused;
  return status === "interrupted" ? EXIT.interrupted : EXIT.failed;
}

/** How an error ends a run. A provider that is unusable before anything was spent is the user's to mend; later it is a pause. */
export function endingOf(
  thrown: unknown,
  spent: boolean,
): { readonly reason: FinishReason; readonly exitCode: FailureCode } {
  if (!isAuraError(thrown)) return { reason: "error", exitCode: EXIT.failed };
  if (thrown instanceof RunnerError) {
    if (thrown.problem === "unavailable") return { reason: "paused", exitCode: EXIT.paused };
    if (thrown.problem === "credentials") {
      return spent ? { reason: "paused", exitCode: EXIT.paused } : { reason: "error", exitCode: EXIT.provider };
    }
    if (thrown.problem === "rejected" && !spent) return { reason: "error", exitCode: EXIT.provider };
  }
  return { reason: "error", exitCode: thrown.exitCode };
}

/** The error with the exit code that the run ends with: what a runner's problem means depends on when it comes up. */
export function withExitCode(thrown: unknown, exitCode: FailureCode): unknown {
  if (!(thrown instanceof RunnerError) || thrown.exitCode === exitCode) return thrown;
  const { problem, message, attempts } = thrown;
  return new RunnerError(problem, message, { attempts, cause: thrown, exitCode });
}
