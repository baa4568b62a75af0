import { Archive } from "../../kernel/archive.ts";
import type { StageContext, StageResults } from "../../kernel/context.ts";
import { defineBare } from "../../kernel/define.ts";
import { Optionless } from "../../kernel/given-options.ts";
import type { Finding, Reviewer } from "../../kernel/ports.ts";
import { isVetoed } from "../../model/evaluation.ts";
import { hasScore } from "../../model/score.ts";
import type { MetricSettings } from "../../model/settings.ts";
import { formatScore, parametersOf, parametersText } from "../../text/numbers.ts";
import { clip, terminalLine } from "../../text/printable.ts";
import { type Effect, effectsOf, type ScoredSpec } from "./effects.ts";

/** Only the latest scores are looked at, so that a review costs the same however long the run is. */
const MOST_SCORES = 2000;
const MOST_EVIDENCE = 10;
const MOST_LISTED = 10;
const SHOWN_OF_BATCH = 3;
const SHOWN_PARAMETERS = 12;

/**
 * Reviews without a model, over this batch and the scores of the run (the latest 2,000): ranks, the best
 * so far, why some have no score, the correlation of each parameter with the score, where the best quarter lies, and
 * mean scores by choice. At most six findings; the same scores always give the same text.
 */
export class StatsReviewer extends Optionless implements Reviewer {
  async review(batch: readonly StageResults[], ctx: StageContext): Promise<readonly Finding[]> {
    const { metric } = ctx.settings;
    const fresh = batch.map(({ hypothesis: { id, spec }, evaluation }) => {
      return { id, spec, score: evaluation.score, vetoed: isVetoed(evaluation) };
    });
    const earlier = ctx.history.entries.filter(hasScore).slice(-Math.max(1, MOST_SCORES - fresh.length));
    const scored = [...earlier, ...fresh.filter(hasScore)];
    const effects = effectsOf(scored);
    const numeric = effects.filter(({ groups }) => groups === null);
    return [
      batchFinding(fresh, scored, ctx.iteration, metric),
      bestFinding(ctx.history.best, fresh, scored.length, metric),
      failureFinding(batch),
      correlationFinding(numeric, metric),
      rangeFinding(numeric, scored, metric),
      categoryFinding(effects, metric),
    ].filter((finding) => finding !== null);
  }
}

interface MaybeScored extends Omit<ScoredSpec, "score"> {
  readonly score: number | null;
  readonly vetoed?: boolean;
}

/** Best first; of equals the earlier. */
function ranked(scored: readonly ScoredSpec[], { direction }: MetricSettings): readonly ScoredSpec[] {
  const sign = direction === "maximize" ? -1 : 1;
  return [...scored].sort((a, b) => sign * (a.score - b.score));
}

function batchFinding(
  batch: readonly MaybeScored[],
  scored: readonly ScoredSpec[],
  iteration: number,
  metric: MetricSettings,
): Finding | null {
  const own = ranked(batch.filter(hasScore), metric);
  if (own.length === 0) return null;
  const order = ranked(scored, metric);
  const shown = own.slice(0, SHOWN_OF_BATCH).map(({ id, score }) => {
    const rank = order.findIndex((other) => other.score === score) + 1;
    return `${id} ${formatScore(score)} (rank ${rank} of ${order.length})`;
  });
  const more = own.length - shown.length;
  const rest = more > 0 ? `, and ${more} more down to ${formatScore(own.at(-1)?.score ?? null)}` : "";
  const counted = `${own.length} of ${batch.length} hypotheses of iteration ${iteration} have a score`;
  return { finding: `${counted}; ${nameOf(metric)}: ${shown.join(", ")}${rest}.`, evidence: idsOf(own) };
}

function bestFinding(
  before: MaybeScored | null,
  fresh: readonly MaybeScored[],
  count: number,
  metric: MetricSettings,
): Finding | null {
  const archive = new Archive<MaybeScored>(() => metric);
  for (const one of before === null ? fresh : [before, ...fresh]) archive.add(one);
  const best = archive.best();
  if (best === null) return null;
  const parameters = parametersText(parametersOf(best.spec).slice(0, SHOWN_PARAMETERS));
  const where = parameters === "" ? "" : ` with ${parameters}`;
  const finding = `Best of ${count} scored so far: ${best.id}, ${nameOf(metric)} ${formatScore(best.score)}${where}.`;
  return { finding, evidence: [best.id] };
}

function failureFinding(batch: readonly StageResults[]): Finding | null {
  const failed = batch.filter(({ evaluation }) => evaluation.score === null);
  if (failed.length === 0) return null;
  const reasons = new Map<string, { readonly reason: string; readonly count: number }>();
  for (const { evaluation } of failed) {
    const words = clip(terminalLine(evaluation.reason).trim() || "no reason given", 160);
    // The same but for numbers is the same reason.
    const kind = words.replace(/\d+/g, "0");
    const { reason = words, count = 0 } = reasons.get(kind) ?? {};
    reasons.set(kind, { reason, count: count + 1 });
  }
  const listed = [...reasons.values()].sort((a, b) => b.count - a.count).slice(0, 3);
  const text = listed.map(({ reason, count }) => (count > 1 ? `${reason} (${count} times)` : reason)).join("; ");
  return {
    finding: `${failed.length} of ${batch.length} have no score: ${text}.`,
    evidence: failed.slice(0, MOST_EVIDENCE).map(({ hypothesis }) => hypothesis.id),
  };
}

function correlationFinding(effects: readonly Effect[], metric: MetricSettings): Finding | null {
  if (effects.length === 0) return null;
  const listed = effects.slice(0, MOST_LISTED).map((effect) => {
    const rest = held(effect, signed);
    return `${shownName(effect.name)} ${signed(effect.correlation)} (n=${effect.count}${rest})`;
  });
  const more = effects.length > listed.length ? `; ${effects.length - listed.length} weaker ones left out` : "";
  return { finding: `Rank correlation with ${nameOf(metric)}: ${listed.join(", ")}${more}.` };
}

/** Where the best quarter lies, for the parameter that most clearly matters. */
function rangeFinding(
  effects: readonly Effect[],
  scored: readonly ScoredSpec[],
  metric: MetricSettings,
): Finding | null {
  const effect = effects.find(({ isClear }) => isClear);
  if (effect === undefined) return null;
  const withValue = ranked(scored, metric).flatMap((entry) => {
    const value = Object.hasOwn(entry.spec, effect.name) ? entry.spec[effect.name] : undefined;
    return typeof value === "number" ? [{ id: entry.id, value }] : [];
  });
  const best = withValue.slice(0, Math.max(2, Math.ceil(withValue.length / 4)));
  const name = shownName(effect.name);
  const isMore = effect.correlation > 0;
  const range = rangeOf(best);
  return {
    finding: `${isMore ? "Higher" : "Lower"} ${name} goes with higher ${nameOf(metric)}; the best ${best.length} of ${withValue.length} have ${name} ${range}, tried were ${rangeOf(withValue)}.`,
    recommendation: `Prefer ${name} ${range}.`,
    evidence: idsOf(best),
  };
}

function categoryFinding(effects: readonly Effect[], metric: MetricSettings): Finding | null {
  const sign = metric.direction === "maximize" ? -1 : 1;
  const choices = effects.flatMap((effect) => {
    if (effect.groups === null) return [];
    return [{ ...effect, groups: [...effect.groups].sort((a, b) => sign * (a.mean - b.mean)) }];
  });
  const [strongest] = choices;
  if (strongest === undefined) return null;
  const share = (correlation: number) => `${Math.round(100 * correlation ** 2)}%`;
  const listed = choices.slice(0, 3).map((effect) => {
    const groups = effect.groups.slice(0, MOST_LISTED);
    const means = groups.map(({ value, mean, count }) => `${shownName(value)} ${formatScore(mean)} (n=${count})`);
    const rest = held(effect, (left) => `${share(left)} of the variance, not ${share(effect.correlation)},`);
    return `${shownName(effect.name)}: ${means.join(", ")}${rest === "" ? "" : ` (${rest.slice(2)})`}`;
  });
  const [first] = strongest.groups;
  const recommendation =
    strongest.isClear && first
      ? { recommendation: `Prefer ${shownName(strongest.name)}=${shownName(first.value)}.` }
      : {};
  return { finding: `Mean ${nameOf(metric)} by choice: ${listed.join("; ")}.`, ...recommendation };
}

/** What is left of an effect where the parameter that may be its cause is the same. */
function held({ confounder }: Effect, left: (left: number) => string): string {
  return confounder === null ? "" : `; ${left(confounder.left)} where ${shownName(confounder.name)} is the same`;
}

function rangeOf(entries: readonly { readonly value: number }[]): string {
  const values = entries.map(({ value }) => value).sort((a, b) => a - b);
  const [low = 0, high = 0] = [values[0], values.at(-1)];
  return low === high ? short(low) : `${short(low)} to ${short(high)}`;
}

function idsOf(entries: readonly { readonly id: string }[]): readonly string[] {
  return entries.slice(0, MOST_EVIDENCE).map(({ id }) => id);
}

function short(value: number): string {
  return String(Number(value.toPrecision(4)));
}

function signed(correlation: number): string {
  const text = correlation.toFixed(2);
  return correlation > 0 ? `+${text}` : text;
}

/** Names and values come from proposals: they are shown without anything that could steer a terminal. */
function shownName(text: string): string {
  return clip(terminalLine(text), 40);
}

function nameOf(metric: MetricSettings): string {
  return shownName(metric.name);
}

/** Reviewer `stats`. */
export const statsReviewer = defineBare(
  "reviewer",
  "stats",
  "Ranks, correlations of parameters with the score, and mean scores by choice; no model.",
  () => new StatsReviewer(),
);
