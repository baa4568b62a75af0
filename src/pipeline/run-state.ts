import type { HistoryEntry } from "../kernel/context.ts";
import { compareIds } from "../model/ids.ts";
import type { CarriedState, FinishedIteration } from "../model/iteration.ts";
import type { BestSoFar, RunTotals } from "../model/run.ts";
import { bestOf, hasScore, isBetter } from "../model/score.ts";
import type { RunSettings } from "../model/settings.ts";
import type { Progress } from "./stop.ts";

/** A rollback as the loop needs it: from which iteration on, to which hypothesis and state. */
export interface AppliedRollback {
  readonly afterIteration: number;
  readonly hypothesisId: string;
  readonly snapshot: string;
}

/** What one iteration changed, as its finished record tells it. */
export type Conclusion = Pick<FinishedIteration, "best" | "bestScore" | "improved" | "carried" | "failuresInARow">;

/**
 * Where the run stands between iterations. It is a fold over finished iterations in order, so that reading the records
 * back gives the same state as having lived through them.
 */
export class RunState {
  readonly #settings: RunSettings;
  readonly #rollbacks: readonly AppliedRollback[];
  #best: HistoryEntry | null = null;
  #carried: CarriedState | null = null;
  #generation = 0;
  #inGeneration = 0;
  #lastIteration: number | null = null;
  #completed = 0;
  #hypotheses = 0;
  #sinceImprovement = 0;
  #failuresInARow = 0;
  #withoutProposal = 0;
  #exhausted = false;

  constructor(settings: RunSettings, rollbacks: readonly AppliedRollback[]) {
    this.#settings = settings;
    this.#rollbacks = rollbacks;
  }

  get best(): HistoryEntry | null {
    return this.#best;
  }

  get carried(): CarriedState | null {
    return this.#carried;
  }

  get generation(): number {
    return this.#generation;
  }

  /** No iteration of this generation is finished yet. */
  get isFresh(): boolean {
    return this.#inGeneration === 0;
  }

  get lastIteration(): number | null {
    return this.#lastIteration;
  }

  get iterationsCompleted(): number {
    return this.#completed;
  }

  /** Proposed hypotheses of finished iterations. */
  get hypotheses(): number {
    return this.#hypotheses;
  }

  get failuresInARow(): number {
    return this.#failuresInARow;
  }

  bestSoFar(): BestSoFar | null {
    return bestSoFar(this.#best);
  }

  progress(totals: RunTotals): Progress {
    return {
      iterationsCompleted: this.#completed,
      hypotheses: this.#hypotheses,
      iterationsSinceImprovement: this.#sinceImprovement,
      bestScore: this.#best?.score ?? null,
      exhausted: this.#exhausted,
      failuresInARow: this.#failuresInARow,
      iterationsWithoutProposal: this.#withoutProposal,
      totals,
    };
  }

  /** Scores of an earlier generation say nothing about this one's: best and patience start over. */
  enterGeneration(generation: number): void {
    if (generation === this.#generation) return;
    this.#generation = generation;
    this.#inGeneration = 0;
    this.#best = null;
    this.#sinceImprovement = 0;
    this.#exhausted = false;
  }

  /** A user who resumes a run that had failed gives it the same patience again. */
  forgiveFailures(): void {
    this.#failuresInARow = 0;
    this.#withoutProposal = 0;
  }

  /** What finishing an iteration with these entries means, without taking it in yet. */
  conclude(entries: readonly HistoryEntry[], base: CarriedState | undefined): Conclusion {
    const { metric } = this.#settings;
    const best = [...entries]
      .sort((a, b) => compareIds(a.id, b.id))
      .reduce<HistoryEntry | null>(
        (incumbent, entry) => (isBetter(entry.score, incumbent?.score ?? null, metric) ? entry : incumbent),
        this.#best,
      );
    const carried = this.#carryOn(entries, best, base);
    return {
      best: best?.id ?? null,
      bestScore: best?.score ?? null,
      improved: best !== null && best.id !== this.#best?.id,
      ...(carried ? { carried } : {}),
      failuresInARow: entries.reduce((count, entry) => (entry.score === null ? count + 1 : 0), this.#failuresInARow),
    };
  }

  /** What an iteration comes to that an accepted change cut short: nothing is decided by part of a batch. */
  undecided(base: CarriedState | undefined): Conclusion {
    const carried = this.#carried ?? base;
    return {
      best: this.#best?.id ?? null,
      bestScore: this.#best?.score ?? null,
      improved: false,
      ...(carried ? { carried } : {}),
      failuresInARow: this.#failuresInARow,
    };
  }

  /** Takes a finished iteration in. `entries` are this iteration's, `all` every one up to and including it. */
  take(record: FinishedIteration, entries: readonly HistoryEntry[], all: readonly HistoryEntry[]): void {
    this.#lastIteration = record.iteration;
    this.#inGeneration++;
    this.#best = entries.find(({ id }) => id === record.best) ?? this.#best;
    this.#carried = record.carried ?? this.#carried;
    this.#failuresInARow = record.failuresInARow;
    if (record.cutShort) {
      this.#hypotheses += record.start ? 0 : record.hypotheses.length;
    } else if (!record.start) {
      this.#completed++;
      this.#hypotheses += record.hypotheses.length;
      this.#sinceImprovement = record.improved ? 0 : this.#sinceImprovement + 1;
      this.#withoutProposal = record.hypotheses.length === 0 && !record.exhausted ? this.#withoutProposal + 1 : 0;
      this.#exhausted = record.exhausted === true;
    }
    for (const rollback of this.#rollbacks) {
      if (rollback.afterIteration === record.iteration) this.#rollBack(rollback, all);
    }
  }

  #carryOn(
    entries: readonly HistoryEntry[],
    best: HistoryEntry | null,
    base: CarriedState | undefined,
  ): CarriedState | undefined {
    if (!base) return undefined;
    const chosen =
      this.#settings.rollback === "best"
        ? entries.find(({ id }) => id === best?.id && id !== this.#best?.id)
        : bestOf(entries, { ...this.#settings.metric, minDelta: { kind: "absolute", value: 0 } });
    // What is carried on may be another state than this iteration's base: a score changed by hand says so afterwards.
    if (chosen?.state === undefined) return this.#carried ?? base;
    return { snapshot: chosen.state, hypothesisId: chosen.id };
  }

  #rollBack(rollback: AppliedRollback, all: readonly HistoryEntry[]): void {
    this.#carried = { snapshot: rollback.snapshot, hypothesisId: rollback.hypothesisId };
    const kept = all.filter(
      (entry) => entry.generation === this.#generation && compareIds(entry.id, rollback.hypothesisId) <= 0,
    );
    const target = kept.find(({ id }) => id === rollback.hypothesisId);
    this.#best = target && hasScore(target) ? target : bestOf(kept, this.#settings.metric);
    this.#sinceImprovement = 0;
  }
}

export function bestSoFar(entry: HistoryEntry | null): BestSoFar | null {
  return entry?.score === null || entry === null ? null : { id: entry.id, score: entry.score };
}
