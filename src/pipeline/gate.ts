import type { FinishReason } from "../model/run.ts";
import type { StopSettings } from "../model/settings.ts";
import type { StopSignals } from "./interruption.ts";
import type { Spending } from "./spending.ts";
import { stopStarts } from "./stop.ts";

/** Decides whether one more hypothesis may start: not once the run is stopping, a budget is spent or too much has failed. */
export class Gate {
  readonly #stop: StopSettings;
  readonly #spending: Spending;
  readonly #signals: StopSignals;
  #failuresInARow = 0;
  #refusedForFailures = false;

  constructor(stop: StopSettings, spending: Spending, signals: StopSignals) {
    this.#stop = stop;
    this.#spending = spending;
    this.#signals = signals;
  }

  experimented(completed: boolean): void {
    this.#failuresInARow = completed ? 0 : this.#failuresInARow + 1;
  }

  /** Why nothing more may start, or `null`. */
  closed(): FinishReason | null {
    if (this.#signals.now.aborted || this.#signals.drain.aborted) return "interrupted";
    // A start that was refused is not made up for: what was still running and succeeds does not take the reason away.
    this.#refusedForFailures ||= this.#failuresInARow >= this.#stop.failures;
    if (this.#refusedForFailures) return "failures";
    return stopStarts(this.#spending.totals(), this.#stop);
  }
}
