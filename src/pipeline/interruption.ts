import { EXIT, type ExitCode, isAuraError, RunnerError } from "../kernel/errors.ts";

/**
 * Two ways to stop. `drain`: start nothing more, let what runs finish and be scored. `now`: end what runs.
 * Both leave the run resumable.
 */
export class Interrupted extends Error {
  readonly kind: "drain" | "now";

  constructor(kind: "drain" | "now") {
    super(kind === "drain" ? "stopping: nothing more is started" : "stopped");
    this.name = "Interrupted";
    this.kind = kind;
  }
}

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

/**
 * What to abort a run's signals with when the stop has an exit code of its own, such as a signal's. `EXIT.paused` makes
 * it a pause. Any other reason is an interruption.
 */
export class StopRequest extends Error {
  readonly exitCode: ExitCode;

  constructor(exitCode: ExitCode) {
    super("stopped");
    // Whoever waits takes it for the abort that it is.
    this.name = "AbortError";
    this.exitCode = exitCode;
  }
}

/** Exit code of a run that was stopped: that of whoever asked first. */
export function exitCodeOfStop({ drain, now }: StopSignals): ExitCode {
  const request = [drain, now].find(({ reason }) => reason instanceof StopRequest)?.reason;
  return request instanceof StopRequest ? request.exitCode : EXIT.interrupted;
}
