import type { StageContext } from "../../kernel/context.ts";
import type { HypothesisId } from "../../model/ids.ts";
import { hypothesisId } from "../../model/ids.ts";
import type { Direction } from "../../model/settings.ts";

/** The hypothesis that is the start itself: the artifacts unedited. */
const START = hypothesisId(0, 0);

/** Whether a score passes, and what it was compared with. */
export interface Verdict {
  readonly passed: boolean;
  /** For people, such as `better than the baseline 0.5`. */
  readonly reason: string;
  readonly baseline: number | null;
}

export interface VerdictOptions {
  readonly hypothesisId: HypothesisId;
  readonly score: number;
  /** Default: the run's, else the score of the start. */
  readonly baseline?: number;
  /** Default: the run's. */
  readonly direction?: Direction;
}

/**
 * Whether a score is strictly better than the baseline: the one given, else the run's `metric.baseline`, else the score
 * of the start. With none of these, and for the start itself, any score passes.
 */
export function verdictOn(options: VerdictOptions, ctx: Pick<StageContext, "settings" | "history">): Verdict {
  const { metric } = ctx.settings;
  const given = options.baseline ?? metric.baseline;
  const start = given === undefined && options.hypothesisId !== START ? startScore(ctx) : null;
  const baseline = given ?? start;
  if (baseline === null) return { passed: true, reason: "there is no baseline to beat", baseline: null };
  const direction = options.direction ?? metric.direction;
  const passed = direction === "maximize" ? options.score > baseline : options.score < baseline;
  const what = given === undefined ? "the start's" : "the baseline";
  return { passed, reason: `${passed ? "better than" : "not better than"} ${what} ${baseline}`, baseline };
}

function startScore(ctx: Pick<StageContext, "history">): number | null {
  return ctx.history.entries.find(({ id }) => id === START)?.score ?? null;
}
