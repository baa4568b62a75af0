import { Archive, type Candidate } from "../kernel/archive.ts";
import type { History, HistoryEntry, StageResults } from "../kernel/context.ts";
import { type Evaluation, isVetoed } from "../model/evaluation.ts";
import type { Hypothesis } from "../model/hypothesis.ts";
import { type HypothesisId, hypothesisId } from "../model/ids.ts";
import { type Insight, standingInsights, withdrawnBy } from "../model/insight.ts";
import type { CarriedState, FinishedIteration, ProposedIteration, RefusedProposal } from "../model/iteration.ts";
import { canonicalJson, defined, type JsonObject } from "../model/json.ts";
import type { BestSoFar } from "../model/run.ts";
import { type Comparison, withoutMinimum } from "../model/score.ts";
import type { RunSettings } from "../model/settings.ts";
import { sha256Of } from "../platform/files/hash.ts";
import type { Note } from "../workspace/requests.ts";
import type { AppliedRollback } from "../workspace/rollbacks.ts";
import { NO_PROGRESS, type Progress, withIteration } from "./stopping.ts";

/**
 * What an iteration may know: all that has come of the finished iterations it may see. It is a fold over their records
 * in order, so that reading them back gives the same view as having lived through them.
 */
export interface View {
  /** What stages see. */
  readonly history: History;
  /** What the next iteration starts from; `null` before the start, and without artifacts. */
  readonly carried: CarriedState | null;
  /** What stop rules go by. */
  readonly progress: Progress;
  /** Insights that were replaced or taken back, those of earlier runs by their names. */
  readonly withdrawn: ReadonlySet<string>;
  /** What the user said, up to the last finished iteration. */
  readonly notes: readonly Note[];
}

/** What decided in an iteration: settings may have been changed since. */
export interface DecidingRules {
  comparison(id: HypothesisId): Comparison;
  rollback(iteration: number): RunSettings["rollback"];
}

type Settings = Pick<RunSettings, "insightWindow" | "metric">;

/**
 * What a run remembers, small enough to hold for every hypothesis of a long run. It grows by whole iterations, in id
 * order, so that nothing depends on which trial happened to finish first. A rollback has its place in that order: after
 * the iteration that was the last, or was under way, when the user rolled back. What is told of the run now (`best`,
 * `carriedNow`) goes by every rollback there is.
 */
export class RunHistory {
  readonly #settings: Settings;
  readonly #rollbacks: readonly AppliedRollback[];
  readonly #rules: DecidingRules;
  /** Finished hypotheses, with the rollbacks so far. */
  readonly #archive: Archive<HistoryEntry>;
  /** All that is evaluated, the iteration under way included, with every rollback. */
  readonly #told: Archive<Candidate>;
  readonly #fingerprints = new Map<number, HypothesisId>();
  #entries: HistoryEntry[] = [];
  #insights: readonly Insight[] = [];
  /** Those that replace or take back others: what they did stays so after the window. */
  #withdrawing: readonly Insight[] = [];
  #refused: readonly RefusedProposal[] = [];
  #carried: CarriedState | null = null;
  #progress = NO_PROGRESS;
  #notes: readonly Note[] = [];
  #lastIteration: number | null = null;
  #evaluated = { some: false, scored: false };
  #lastFailed: HypothesisId | null = null;
  #forgiven = false;

  constructor(settings: Settings, rollbacks: readonly AppliedRollback[], rules: DecidingRules) {
    this.#settings = settings;
    this.#rollbacks = rollbacks;
    this.#rules = rules;
    this.#archive = new Archive((id) => rules.comparison(id));
    this.#told = new Archive((id) => rules.comparison(id), rollbacks);
  }

  /** What the next iteration may know. */
  view(): View {
    const insights = this.#insights;
    const history = {
      entries: this.#entries,
      best: this.#archive.best(),
      tried: this.#progress.hypotheses,
      refused: this.#refused,
      // Worked out when it is read: most stages have no use for it.
      get insights() {
        return standingInsights(insights);
      },
    };
    const withdrawing = this.#withdrawing;
    return {
      history,
      carried: this.#carried,
      progress: this.#progress,
      notes: this.#notes,
      get withdrawn() {
        return new Set(withdrawing.flatMap(withdrawnBy));
      },
    };
  }

  get lastIteration(): number | null {
    return this.#lastIteration;
  }

  /** What is carried on by what the user last said, also while the iteration that was under way then is finished. */
  get carriedNow(): CarriedState | null {
    const last = this.#rollbacks.at(-1);
    if (last === undefined || last.afterIteration <= (this.#lastIteration ?? -1)) return this.#carried;
    return stateOf(last);
  }

  /** The best at this moment, the iteration under way included. */
  get best(): BestSoFar | null {
    const best = this.#told.best();
    return best && { id: best.id, score: best.score };
  }

  /** Whether hypotheses were evaluated, or else there never were any, and none has a score. */
  get isWithoutScore(): boolean {
    return !this.#evaluated.scored;
  }

  get isEmpty(): boolean {
    return !this.#evaluated.some;
  }

  /** The hypothesis that failed last. */
  get lastFailed(): HypothesisId | null {
    return this.#lastFailed;
  }

  /** Whether a run that had failed is gone on with. */
  get isForgiven(): boolean {
    return this.#forgiven;
  }

  /** Takes in the evaluation of a hypothesis, whose iteration may be under way. */
  tell(evaluation: Evaluation): void {
    const { hypothesisId: id, score } = evaluation;
    this.#told.add({ id, score, vetoed: isVetoed(evaluation) });
    this.#evaluated = { some: true, scored: this.#evaluated.scored || score !== null };
    if (score === null) this.#lastFailed = id;
  }

  /** The hypothesis is to be scored again. */
  forget(id: HypothesisId): void {
    this.#told.remove(id);
    if (this.#lastFailed === id) this.#lastFailed = null;
  }

  /** A user who resumes a run that had failed gives it the same patience again. */
  forgiveFailures(): void {
    this.#forgiven = true;
    this.#progress = { ...this.#progress, failuresInARow: 0, iterationsWithoutProposal: 0 };
  }

  /** Id of the hypothesis that already runs the same parameters with the same state, if one that counts does. */
  repeatOf({ spec }: Pick<Hypothesis, "spec">, state: string | null): HypothesisId | undefined {
    const known = this.#fingerprints.get(fingerprint(spec, state));
    return known !== undefined && this.#archive.counts(known) ? known : undefined;
  }

  /** `state`: the id of the one its edits make of its base; `null` when there are no artifacts. */
  remember(hypothesis: Pick<Hypothesis, "id" | "spec">, state: string | null): void {
    if (this.repeatOf(hypothesis, state) === undefined)
      this.#fingerprints.set(fingerprint(hypothesis.spec, state), hypothesis.id);
  }

  /** Takes in a whole iteration, all of which has been told, and answers its record with what it has come to. */
  finish(
    proposed: ProposedIteration,
    results: readonly StageResults[],
    insights: readonly Insight[],
  ): { readonly record: FinishedIteration; readonly entries: readonly HistoryEntry[] } {
    const before = this.#archive.best();
    const entries = results.map((result) => historyEntry(result, proposed.iteration));
    for (const entry of entries) this.#archive.add(entry);
    const record = this.#concluded(proposed, entries, before, insights.length);
    this.#entries.push(...entries);
    if (insights.length > 0) this.#insights = this.#windowed([...this.#insights, ...insights]);
    this.#withdrawing = [...this.#withdrawing, ...insights.filter((one) => withdrawnBy(one).length > 0)];
    this.#refused = record.refused;
    this.#carried = record.carried ?? this.#carried;
    this.#progress = {
      ...withIteration(this.#progress, record, entries, this.#settings.metric),
      startFailed: record.start ? results.some(isFailedStart) : this.#progress.startFailed,
    };
    this.#lastIteration = record.iteration;
    this.#notes = [...this.#notes, ...(record.notes ?? [])];
    for (const rollback of this.#rollbacks) if (rollback.afterIteration === record.iteration) this.#rollBack(rollback);
    return { record, entries };
  }

  #concluded(
    proposed: ProposedIteration,
    entries: readonly HistoryEntry[],
    before: HistoryEntry | null,
    insights: number,
  ): FinishedIteration {
    const { iteration, start, changes, notes, base, hypotheses, refused, failure, exhausted } = proposed;
    const best = this.#archive.best();
    const carried = this.#carryOn(entries, proposed);
    const failed = (count: number, { score }: HistoryEntry): number => (score === null ? count + 1 : 0);
    return {
      iteration,
      ...defined({ start, changes, notes, base }),
      hypotheses,
      refused,
      ...defined({ failure, exhausted }),
      state: "finished",
      best: best?.id ?? null,
      bestScore: best?.score ?? null,
      improved: best !== null && best.id !== before?.id,
      ...(carried ? { carried } : {}),
      failuresInARow: entries.reduce(failed, this.#progress.failuresInARow),
      insights,
    };
  }

  /** The state of the best so far or, without rollback, of the best of this iteration; else what was carried on before. */
  #carryOn(entries: readonly HistoryEntry[], { iteration, base }: ProposedIteration): CarriedState | undefined {
    if (!base) return undefined;
    let chosen = this.#archive.best();
    if (this.#rules.rollback(iteration) === "none") {
      const own = new Archive<HistoryEntry>((id) => withoutMinimum(this.#rules.comparison(id)));
      for (const entry of entries) own.add(entry);
      chosen = own.best();
    }
    if (chosen?.state === undefined) return this.#carried ?? base;
    return { snapshot: chosen.state, hypothesisId: chosen.id };
  }

  /** Goes back to a hypothesis: it is the best, what came after it leaves, and its state is carried on. */
  #rollBack(rollback: AppliedRollback): void {
    this.#archive.rollBack(rollback);
    this.#entries = [...this.#archive.entries()];
    const counts = ({ iteration }: Insight): boolean => this.#archive.counts(hypothesisId(iteration, 0));
    this.#insights = this.#insights.filter(counts);
    this.#withdrawing = this.#withdrawing.filter(counts);
    const best = this.#archive.best();
    this.#progress = {
      ...this.#progress,
      top: best && { id: best.id, score: best.score },
      iterationsSinceImprovement: 0,
    };
    this.#carried = stateOf(rollback);
  }

  /** Those of the latest iterations, as many as the window says. */
  #windowed(insights: readonly Insight[]): readonly Insight[] {
    const { insightWindow } = this.#settings;
    if (insightWindow === null) return insights;
    const from = (insights.at(-1)?.iteration ?? 0) - insightWindow + 1;
    return insights.filter(({ iteration }) => iteration >= from);
  }
}

/** A start whose command needs parameters, which only hypotheses have, cannot be run: that is no failure of the project. */
function isFailedStart({ experiment, evaluation }: StageResults): boolean {
  return evaluation.score === null && experiment.failure?.code !== "command-invalid";
}

function stateOf({ snapshot, hypothesisId }: AppliedRollback): CarriedState {
  return { snapshot, hypothesisId };
}

function historyEntry({ hypothesis, experiment, evaluation }: StageResults, iteration: number): HistoryEntry {
  const { id, label, spec, edits, parents, operator, island } = hypothesis;
  const { score, passed, reason, feedback, metrics } = evaluation;
  return {
    id,
    iteration,
    ...(label === undefined ? {} : { label }),
    spec,
    score,
    passed,
    ...(isVetoed(evaluation) ? { vetoed: true } : {}),
    // Why a score is what it is can be read from the record.
    reason: score === null ? reason : "",
    ...defined({ feedback, metrics, parents, operator, island }),
    hasEdits: (edits?.length ?? 0) > 0 || experiment.trials.some(({ captured }) => captured !== undefined),
    ...(experiment.state === undefined ? {} : { state: experiment.state }),
  };
}

/**
 * Two proposals are the same when they would run the same thing: their parameters, and the state that their edits come to.
 * 52 bits of a hash stand for that, so that a long run remembers it in little space.
 */
function fingerprint(spec: JsonObject, state: string | null): number {
  return Number.parseInt(sha256Of(`${state ?? ""}\n${canonicalJson(spec)}`).slice(0, 13), 16);
}
