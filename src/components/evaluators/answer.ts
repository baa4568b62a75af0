import type { StageContext } from "../../kernel/context.ts";
import type { Evaluation } from "../../model/evaluation.ts";
import type { Experiment } from "../../model/experiment.ts";
import { failureLine } from "../../model/failed.ts";
import { type HypothesisId, hypothesisId } from "../../model/ids.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "../../model/json.ts";
import { plainJson } from "../../platform/plain-json.ts";
import { shown } from "../../text/printable.ts";

const LONGEST_REASON = 2000;

/**
 * The evaluation that an evaluator's answer means: a number, `null`, or `{ score, passed?, reason?, feedback?,
 * metrics?, details? }`. It may say no to a score that beats the baseline, never yes to one that does not. Anything else
 * is no score, and says why.
 */
export function evaluationOf(
  answer: unknown,
  experiment: Experiment,
  ctx: Pick<StageContext, "settings" | "history">,
): Evaluation {
  const plain = plainJson(answer ?? null);
  if (!plain.ok) return noScore(experiment, `the evaluator's answer is no data: ${plain.reason}`);
  const said: JsonObject = isJsonObject(plain.value) ? plain.value : { score: plain.value };
  const details = isJsonObject(said.details) ? said.details : {};
  const reason = typeof said.reason === "string" && said.reason !== "" ? said.reason.slice(0, LONGEST_REASON) : null;
  const { score } = said;
  if (typeof score !== "number") return noScore(experiment, reason ?? withoutScore(score), details);
  const verdict = verdictOn({ hypothesisId: experiment.hypothesisId, score }, ctx);
  const refused = said.passed === false;
  return {
    hypothesisId: experiment.hypothesisId,
    score,
    passed: verdict.passed && !refused,
    ...(verdict.passed || refused ? {} : { belowBaseline: true }),
    reason: reason ?? (refused ? "the evaluator said no" : `${score}: ${verdict.reason}`),
    ...(typeof said.feedback === "string" ? { feedback: said.feedback } : {}),
    ...(isJsonObject(said.metrics) ? { metrics: numbersIn(said.metrics) } : {}),
    details,
  };
}

function numbersIn(metrics: JsonObject): Readonly<Record<string, number>> {
  return Object.fromEntries(
    Object.entries(metrics).flatMap(([key, value]) => (typeof value === "number" ? [[key, value] as const] : [])),
  );
}

function withoutScore(score: JsonValue | undefined): string {
  if (score === null) return "the evaluator gave no score";
  if (score === undefined) return "the evaluator's answer has no score";
  return `the evaluator's score is ${shown(score, 100)}, not a finite number`;
}

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
  const passed = metric.direction === "maximize" ? options.score > baseline : options.score < baseline;
  const what = given === undefined ? "the start's" : "the baseline";
  return { passed, reason: `${passed ? "better than" : "not better than"} ${what} ${baseline}`, baseline };
}

function startScore(ctx: Pick<StageContext, "history">): number | null {
  return ctx.history.entries.find(({ id }) => id === START)?.score ?? null;
}

/** The evaluation of something that has no score: `null`, never 0, and why. */
export function noScore(experiment: Experiment, reason: string, details: JsonObject = {}): Evaluation {
  return { hypothesisId: experiment.hypothesisId, score: null, passed: false, reason, details };
}

/** Why an experiment that failed has no score. */
export function failureReason(experiment: Experiment): string {
  return experiment.failure ? failureLine(experiment.failure) : "the experiment failed";
}
