import { EXIT, type ExitCode, type FailureCode, isAuraError, RunnerError } from "../kernel/errors.ts";
import { statusOf } from "../kernel/finish-reason.ts";
import { Interrupted, StopRequest } from "../kernel/interrupted.ts";
import type { FinishReason } from "../model/run.ts";

/** The signals a run listens to. */
export interface StopSignals {
  readonly drain: AbortSignal;
  readonly now: AbortSignal;
}

/**
 * Whether an error is nothing but the run being stopped. Once what runs is to end, whatever a stage throws is taken for
 * its way of ending, except for what the workspace, the disk or the spec have against going on.
 */
export function isInterruption(thrown: unknown, signals: StopSignals): boolean {
  if (thrown instanceof Interrupted) return true;
  if (!signals.now.aborted) return false;
  return thrown === signals.now.reason || thrown instanceof RunnerError || !isAuraError(thrown);
}

/** Exit code of a run that was stopped: that of whoever asked first. */
export function exitCodeOfStop({ drain, now }: StopSignals): ExitCode {
  const request = [drain, now].find(({ reason }) => reason instanceof StopRequest)?.reason;
  return request instanceof StopRequest ? request.exitCode : EXIT.interrupted;
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
