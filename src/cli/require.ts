import { EXIT, type ExitCode, SpecError } from "../kernel/errors.ts";
import type { FinishReason } from "../model/run.ts";
import type { MetricSettings } from "../model/settings.ts";

/** What `--require` asks of the best score: a number to reach. */
export interface Requirement {
  readonly score: number;
  readonly words: string;
}

/** Throws `SpecError` for a `--require` that is none, whatever the spec says. */
export function assertRequirement(text: string | undefined): void {
  if (text === undefined || text === "baseline" || text === "target") return;
  if (text.trim() === "" || !Number.isFinite(Number(text))) {
    throw new SpecError(`--require takes a score, "baseline" or "target", not "${text}"`);
  }
}

/** Reads `--require SCORE|baseline|target`. Throws `SpecError` for anything else, or when the spec has no such value. */
export function requirement(
  text: string | undefined,
  metric: Pick<MetricSettings, "baseline" | "target">,
): Requirement | null {
  assertRequirement(text);
  if (text === undefined) return null;
  const named = text === "baseline" ? metric.baseline : text === "target" ? metric.target : Number(text);
  if (named === undefined) throw new SpecError(`--require ${text}: the spec's metric has no ${text}`);
  return { score: named, words: text === String(named) ? text : `${text} ${named}` };
}

/**
 * Exit code when a requirement is not met by the best score of a run that ended for this reason; `null` when it is. The
 * baseline has to be beaten, a score or target reached: a run that ended with the target has reached it, also where
 * `min_delta` keeps the best below.
 */
export function unmet(
  required: Requirement | null,
  { best, reason }: { readonly best: { readonly score: number } | null; readonly reason: FinishReason },
  metric: Pick<MetricSettings, "direction">,
): ExitCode | null {
  if (!required || (reason === "target" && required.words.startsWith("target"))) return null;
  if (best === null) return EXIT.requirementNotMet;
  const gain = metric.direction === "maximize" ? best.score - required.score : required.score - best.score;
  const met = required.words.startsWith("baseline") ? gain > 0 : gain >= 0;
  return met ? null : EXIT.requirementNotMet;
}
