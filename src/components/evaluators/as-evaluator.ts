import type { StageContext } from "../../kernel/context.ts";
import { messageOf, SpecError } from "../../kernel/errors.ts";
import type { Evaluator } from "../../kernel/ports.ts";
import type { Evaluation } from "../../model/evaluation.ts";
import type { Experiment } from "../../model/experiment.ts";
import type { Hypothesis } from "../../model/hypothesis.ts";
import type { JsonObject } from "../../model/json.ts";
import { evaluationOf } from "./answer.ts";
import { failureReason, noScore } from "./no-score.ts";

/** What an evaluator function may give beside a bare score. */
interface EvaluationLike {
  readonly score: number | null;
  /** `false`: it does not pass, however good the score. */
  readonly passed?: boolean;
  readonly reason?: string;
  readonly feedback?: string;
  readonly metrics?: Readonly<Record<string, number>>;
  readonly details?: JsonObject;
}

export type EvaluatorFunction = (
  hypothesis: Hypothesis,
  experiment: Experiment,
  ctx: StageContext,
) => number | null | EvaluationLike | Promise<number | null | EvaluationLike>;

/**
 * An evaluator as it is, or one around a function that gives a score. Experiments that failed have none and are not
 * shown to it; when it throws, there is no score and the reason says so. Throws `SpecError` on anything else.
 */
export function asEvaluator(value: Evaluator | EvaluatorFunction): Evaluator {
  if (typeof value === "function") return { evaluate: (...args) => evaluateBy(value, ...args) };
  if (typeof value === "object" && value !== null && typeof value.evaluate === "function") return value;
  throw new SpecError("an evaluator is an object with an evaluate method, or a function that gives a score");
}

async function evaluateBy(
  fn: EvaluatorFunction,
  hypothesis: Hypothesis,
  experiment: Experiment,
  ctx: StageContext,
): Promise<Evaluation> {
  if (experiment.status === "failed") return noScore(experiment, failureReason(experiment));
  let answer: unknown;
  try {
    answer = await fn(hypothesis, experiment, ctx);
  } catch (error) {
    if (ctx.signal.aborted) throw error;
    return noScore(experiment, `the evaluator threw: ${messageOf(error).slice(0, 1000)}`);
  }
  return evaluationOf(answer, experiment, ctx);
}
