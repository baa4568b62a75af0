import type { Clock } from "../kernel/effects.ts";
import type { CallRecord, Usage } from "../model/call.ts";
import { attemptName, parseTrialId, type TrialId } from "../model/ids.ts";
import { NO_TOTALS, type RunManifest, type RunTotals } from "../model/run.ts";
import { openAttempt } from "../model/trial.ts";
import { listRecords, listTraces } from "../workspace/listing.ts";
import type { Workspace } from "../workspace/workspace.ts";

/** What the run has used, over all its resumes. Only goes up. */
export class Spending {
  #totals: RunTotals;
  readonly #clock: Clock;
  readonly #activeBefore: number;
  #startedAt: number;
  #isPaused = false;
  #running = 0;
  /** Since when time stands still, if it does. */
  #stillSince: number | null = null;

  constructor(before: RunTotals, clock: Clock) {
    this.#totals = before;
    this.#clock = clock;
    this.#activeBefore = before.activeMs;
    this.#startedAt = clock.monotonic();
  }

  totals(): RunTotals {
    const now = this.#stillSince ?? this.#clock.monotonic();
    return { ...this.#totals, activeMs: Math.round(this.#activeBefore + now - this.#startedAt) };
  }

  /** Until `continue` time stands still while nothing runs. */
  pause(): void {
    this.#isPaused = true;
    this.#settle();
  }

  continue(): void {
    this.#isPaused = false;
    this.#settle();
  }

  /** Something runs until this is disposed of: its time counts, also while the run is paused. */
  running(): Disposable {
    this.#running += 1;
    this.#settle();
    return {
      [Symbol.dispose]: () => {
        this.#running -= 1;
        this.#settle();
      },
    };
  }

  #settle(): void {
    const now = this.#clock.monotonic();
    if (this.#isPaused && this.#running === 0) this.#stillSince ??= now;
    else if (this.#stillSince !== null) {
      this.#startedAt += now - this.#stillSince;
      this.#stillSince = null;
    }
  }

  /** A call that was answered, or that failed and was paid for. */
  called(usage: Usage | undefined): void {
    const totals = this.#totals;
    this.#totals = {
      ...totals,
      calls: totals.calls + 1,
      inputTokens: totals.inputTokens + (usage?.inputTokens ?? 0),
      outputTokens: totals.outputTokens + (usage?.outputTokens ?? 0),
      costUsd: totals.costUsd + (usage?.costUsd ?? 0),
      unpriced: totals.unpriced + (usage?.costUsd === undefined ? 1 : 0),
    };
  }

  proposed(hypotheses: number): void {
    this.#totals = { ...this.#totals, hypotheses: this.#totals.hypotheses + hypotheses };
  }

  ran(trials: number): void {
    this.#totals = { ...this.#totals, trials: this.#totals.trials + trials };
  }
}

/** What a run had used so far: its manifest, or its records where the process died before the manifest was written. */
export function recordedSpending(workspace: Workspace, manifest: RunManifest | null): RunTotals {
  if (!manifest) return NO_TOTALS;
  const iterations = workspace.listIterations();
  const all = iterations.flatMap((iteration) =>
    workspace.listCalls(iteration).map((id) => workspace.readCall(iteration, id)),
  );
  const calls = all.filter(wasPaidFor);
  // What requests had used before the process died in the middle of their call counts nowhere else.
  const broken = all.flatMap((call) => (call?.state === "started" ? (call.failedTries ?? []) : []));
  const usage = [...calls, ...broken].map((paid) => paid.usage);
  const batches = iterations.map((iteration) => {
    const record = workspace.readIteration(iteration);
    // Before its batch is fixed nothing is decided.
    return record === null || record.start || record.state === "started" ? 0 : record.hypotheses.length;
  });
  return largerTotals(manifest.totals, {
    ...NO_TOTALS,
    hypotheses: sum(batches),
    trials: sum(iterations.map((iteration) => settledAttempts(workspace, iteration))),
    calls: calls.length,
    inputTokens: sum(usage.map((one) => one?.inputTokens)),
    outputTokens: sum(usage.map((one) => one?.outputTokens)),
    costUsd: sum(usage.map((one) => one?.costUsd)),
    unpriced: calls.filter((call) => call.usage?.costUsd === undefined).length,
  });
}

/**
 * How many attempts at the trials of an iteration have ended, or were cut short and begun anew. One that is open counts
 * when it ends. Of an experiment that is done the names of files tell; of others the records are read.
 */
function settledAttempts(workspace: Workspace, iteration: number): number {
  const { root, effects } = workspace;
  const isTrial = (trial: TrialId): boolean => parseTrialId(trial)?.kind === "trial";
  const traces = listTraces(root, effects.files, iteration).filter(
    ({ trial, attempt }) => isTrial(trial) && workspace.hasTraces(trial, attempt),
  );
  const settled = new Set(traces.map(({ trial, attempt }) => attemptName(trial, attempt)));
  const done = new Set(listRecords(root, effects.files, iteration, "experiments"));
  for (const trial of workspace.listTrials(iteration).filter(isTrial)) {
    // There may be no trace of it.
    settled.add(attemptName(trial, 1));
    if (done.has(parseTrialId(trial)?.hypothesisId ?? "")) continue;
    const record = workspace.readTrialRecord(trial);
    for (const { attempt } of record?.attempts ?? []) settled.add(attemptName(trial, attempt));
    const open = openAttempt(record);
    if (open !== null) settled.delete(attemptName(trial, open.attempt));
  }
  return settled.size;
}

type PaidCall = Exclude<CallRecord, { state: "started" }>;

/** A failed call that used nothing is as if it had not been made. */
function wasPaidFor(call: CallRecord | null): call is PaidCall {
  return call?.state === "finished" || (call?.state === "failed" && call.usage !== undefined);
}

function sum(values: readonly (number | undefined)[]): number {
  return values.reduce<number>((total, value) => total + (value ?? 0), 0);
}

/** Field by field the larger of the two: a manifest that was not yet written when a process died loses nothing. */
function largerTotals(a: RunTotals, b: RunTotals): RunTotals {
  return {
    hypotheses: Math.max(a.hypotheses, b.hypotheses),
    trials: Math.max(a.trials, b.trials),
    calls: Math.max(a.calls, b.calls),
    inputTokens: Math.max(a.inputTokens, b.inputTokens),
    outputTokens: Math.max(a.outputTokens, b.outputTokens),
    costUsd: Math.max(a.costUsd, b.costUsd),
    unpriced: Math.max(a.unpriced, b.unpriced),
    activeMs: Math.max(a.activeMs, b.activeMs),
  };
}
