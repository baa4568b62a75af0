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

export function isInterruption(thrown: unknown, signals: StopSignals): boolean {
  if (thrown instanceof Interrupted) return true;
  return (
    signals.now.aborted && (thrown === signals.now.reason || (thrown instanceof Error && thrown.name === "AbortError"))
  );
}
