import type { History, HistoryEntry, StageResults } from "../kernel/context.ts";
import type { Proposal } from "../kernel/ports.ts";
import type { Hypothesis } from "../model/hypothesis.ts";
import type { Insight } from "../model/insight.ts";
import type { RefusedProposal } from "../model/iteration.ts";
import { canonicalJson } from "../model/json.ts";
import { sha256Of } from "../platform/files/hash.ts";

/** Different reasons of failures that are looked up again. */
const MAX_REASONS = 1000;

/**
 * What the run remembers of finished iterations, small enough to hold for every hypothesis of a long run. Grows by
 * whole iterations, in id order, so that nothing depends on which trial happened to finish first.
 */
export class RunHistory {
  readonly #entries: HistoryEntry[] = [];
  readonly #fingerprints = new Map<number, string>();
  readonly #reasons = new Map<string, string>();
  readonly #insights: { readonly iteration: number; readonly insights: readonly Insight[] }[] = [];
  readonly #insightWindow: number | null;
  #refused: readonly RefusedProposal[] = [];

  constructor(insightWindow: number | null) {
    this.#insightWindow = insightWindow;
  }

  /** The view stages get, with the best as it stands. */
  view(best: HistoryEntry | null): History {
    return {
      entries: this.#entries,
      best,
      refused: this.#refused,
      insights: this.#windowed(),
    };
  }

  /** Id of the hypothesis that already proposed the same thing from the same base state, if any did. */
  repeatOf(proposal: Proposal, base: string | undefined): string | undefined {
    return this.#fingerprints.get(fingerprint(proposal, base));
  }

  remember(hypothesis: Hypothesis, base: string | undefined): void {
    const key = fingerprint(hypothesis, base);
    if (!this.#fingerprints.has(key)) this.#fingerprints.set(key, hypothesis.id);
  }

  addIteration(
    iteration: number,
    results: readonly StageResults[],
    insights: readonly Insight[],
    refused: readonly RefusedProposal[],
  ): readonly HistoryEntry[] {
    const entries = results.map((result) => this.#shared(historyEntry(result, iteration)));
    for (const entry of entries) this.#entries.push(entry);
    if (insights.length > 0) this.#insights.push({ iteration, insights });
    if (this.#insightWindow !== null && this.#insights.length > this.#insightWindow) this.#insights.shift();
    this.#refused = refused;
    return entries;
  }

  entries(): readonly HistoryEntry[] {
    return this.#entries;
  }

  /** The same failure of many hypotheses is one text in memory; why a score is what it is can be read from the record. */
  #shared(entry: HistoryEntry): HistoryEntry {
    if (entry.score !== null) return { ...entry, reason: "" };
    const reason = this.#reasons.get(entry.reason) ?? entry.reason;
    if (this.#reasons.size < MAX_REASONS) this.#reasons.set(reason, reason);
    return { ...entry, reason };
  }

  #windowed(): readonly Insight[] {
    const last = this.#insights.at(-1)?.iteration ?? 0;
    const from = this.#insightWindow === null ? 0 : last - this.#insightWindow + 1;
    return this.#insights.filter(({ iteration }) => iteration >= from).flatMap(({ insights }) => insights);
  }
}

function historyEntry(result: StageResults, iteration: number): HistoryEntry {
  const { hypothesis, experiment, evaluation } = result;
  return {
    id: hypothesis.id,
    iteration,
    ...(hypothesis.label === undefined ? {} : { label: hypothesis.label }),
    spec: hypothesis.spec,
    score: evaluation.score,
    passed: evaluation.passed,
    reason: evaluation.reason,
    hasEdits: (hypothesis.edits?.length ?? 0) > 0 || experiment.trials.some(({ captured }) => captured !== undefined),
    ...(experiment.state === undefined ? {} : { state: experiment.state }),
  };
}

/**
 * Two proposals are the same when they would run the same thing: their parameters, their edits and what these change.
 * 52 bits of a hash stand for that, so that a long run remembers it in little space.
 */
function fingerprint(proposal: Proposal, base = ""): number {
  const edits = proposal.edits && proposal.edits.length > 0 ? `\n${JSON.stringify(proposal.edits)}` : "";
  const text = `${base}\n${canonicalJson(proposal.spec)}${edits}`;
  return Number.parseInt(sha256Of(text).slice(0, 13), 16);
}
