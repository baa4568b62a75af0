import type { HistoryEntry } from "../kernel/context.ts";
import { countedAfter } from "../model/counted.ts";
import type { CarriedState, FinishedIteration } from "../model/iteration.ts";
import type { RunTotals } from "../model/run.ts";
import { bestOf, hasScore, type WithScore, withoutMinimum } from "../model/score.ts";
import type { RunSettings } from "../model/settings.ts";
import type { AppliedRollback } from "../workspace/rollbacks.ts";
import { LiveBest } from "./live-best.ts";
import type { Progress } from "./stop.ts";

type ScoredEntry = WithScore<HistoryEntry>;

/** What one iteration changed, as its finished record tells it. */
export type Conclusion = Pick<FinishedIteration, "best" | "bestScore" | "improved" | "carried" | "failuresInARow">;

/**
 * Where the run stands between iterations. It is a fold over finished iterations in order, so that reading the records
 * back gives the same state as having lived through them. A rollback has its place in that order: after the iteration
 * that was the last, or was under way, when the user rolled back. So what that iteration and those before it came to,
 * and what their prompts say, stays what it was. What is told of the run now, `live` and `carriedNow`, goes by every
 * rollback there is.
 */
export class RunState {
  /** The best as it is told and tested against a target. */
  readonly live: LiveBest;
  readonly #settings: RunSettings;
  readonly #rollbacks: readonly AppliedRollback[];
  #best: ScoredEntry | null = null;
  /** What has to be beaten to be carried on: the best since a rollback, beginning with what that went back to. */
  #incumbent: ScoredEntry | null = null;
  #carried: CarriedState | null = null;
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
    this.live = new LiveBest(settings.metric, countedAfter(rollbacks));
  }

  /** The best for the prompts of the next iteration. */
  get best(): HistoryEntry | null {
    return this.#best;
  }

  /** What the next iteration starts from. */
  get carried(): CarriedState | null {
    return this.#carried;
  }

  /** What is carried on by what the user last said, also while the iteration that was under way then is finished. */
  get carriedNow(): CarriedState | null {
    const last = this.#rollbacks.at(-1);
    if (last === undefined || last.afterIteration <= (this.#lastIteration ?? -1)) return this.#carried;
    return stateOf(last);
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

  progress(totals: RunTotals): Progress {
    return {
      iterationsCompleted: this.#completed,
      hypotheses: this.#hypotheses,
      iterationsSinceImprovement: this.#sinceImprovement,
      topScore: this.live.top?.score ?? null,
      exhausted: this.#exhausted,
      failuresInARow: this.#failuresInARow,
      iterationsWithoutProposal: this.#withoutProposal,
      totals,
    };
  }

  /** A user who resumes a run that had failed gives it the same patience again. */
  forgiveFailures(): void {
    this.#failuresInARow = 0;
    this.#withoutProposal = 0;
  }

  /** What finishing an iteration with these entries means, without taking it in yet. */
  conclude(entries: readonly HistoryEntry[], base: CarriedState | undefined): Conclusion {
    const best = bestOf(entries, this.#settings.metric, this.#best);
    const carried = this.#carryOn(entries, base);
    return {
      best: best?.id ?? null,
      bestScore: best?.score ?? null,
      improved: best !== null && best.id !== this.#best?.id,
      ...(carried ? { carried } : {}),
      failuresInARow: entries.reduce((count, entry) => (entry.score === null ? count + 1 : 0), this.#failuresInARow),
    };
  }

  /** Takes a finished iteration in. `entries` are this iteration's, `all` every one up to and including it. */
  take(record: FinishedIteration, entries: readonly HistoryEntry[], all: readonly HistoryEntry[]): void {
    this.#lastIteration = record.iteration;
    this.#best = entries.filter(hasScore).find(({ id }) => id === record.best) ?? this.#best;
    this.live.settle(entries);
    this.#carried = record.carried ?? this.#carried;
    this.#failuresInARow = record.failuresInARow;
    this.#incumbent = bestOf(entries, this.#settings.metric, this.#incumbent);
    if (!record.start) {
      this.#completed++;
      this.#hypotheses += record.hypotheses.length;
      this.#sinceImprovement = record.improved ? 0 : this.#sinceImprovement + 1;
      this.#withoutProposal = record.hypotheses.length === 0 && !record.exhausted ? this.#withoutProposal + 1 : 0;
      this.#exhausted = record.exhausted === true;
    }
    this.#rollBack(record.iteration, all);
  }

  #carryOn(entries: readonly HistoryEntry[], base: CarriedState | undefined): CarriedState | undefined {
    if (!base) return undefined;
    const { metric, rollback } = this.#settings;
    const incumbent = this.#incumbent;
    const chosen = rollback === "best" ? bestOf(entries, metric, incumbent) : bestOf(entries, withoutMinimum(metric));
    // What is carried on may be another state than this iteration's base: a score changed by hand says so afterwards.
    if (chosen?.state === undefined || chosen === incumbent) return this.#carried ?? base;
    return { snapshot: chosen.state, hypothesisId: chosen.id };
  }

  /** Goes back to where the user rolled back to after this iteration, if so; of several times the last one holds. */
  #rollBack(iteration: number, all: readonly HistoryEntry[]): void {
    const until = this.#rollbacks.findLastIndex(({ afterIteration }) => afterIteration === iteration);
    const rollback = this.#rollbacks[until];
    if (rollback === undefined) return;
    const counts = countedAfter(this.#rollbacks.slice(0, until + 1));
    const counted = all.filter(({ id }) => counts(id));
    this.#best = bestOf(counted, this.#settings.metric);
    const target = counted.find(({ id }) => id === rollback.hypothesisId);
    this.#incumbent = target !== undefined && hasScore(target) ? target : null;
    this.#carried = stateOf(rollback);
    this.#sinceImprovement = 0;
  }
}

function stateOf({ snapshot, hypothesisId }: AppliedRollback): CarriedState {
  return { snapshot, hypothesisId };
}
