import type { StageContext } from "../../kernel/context.ts";
import { defineComponent } from "../../kernel/define.ts";
import { SpecError } from "../../kernel/errors.ts";
import type { Evaluator } from "../../kernel/ports.ts";
import type { Evaluation } from "../../model/evaluation.ts";
import type { Experiment } from "../../model/experiment.ts";
import type { Hypothesis } from "../../model/hypothesis.ts";
import type { JsonObject } from "../../model/json.ts";
import { parseDuration } from "../../model/units.ts";
import { functionOptions, type ModuleFunction } from "../executors/index.ts";
import { runData, UserFunction } from "../module-function.ts";
import { evaluationOf, failureReason, noScore } from "./answer.ts";

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
 * Scores by a function: one given in code is called in this process, one given by module,
 * `(hypothesis, experiment, ctx) => number | { score, … }`, in a child process that is ended at its timeout. Experiments
 * that failed have no score and are not shown to it; nor is there one when it throws, and the reason says so.
 */
export class FunctionEvaluator implements Evaluator {
  readonly #function: UserFunction<EvaluatorFunction>;

  constructor(target: EvaluatorFunction | ModuleFunction, options: { readonly timeoutMs?: number } = {}) {
    this.#function = new UserFunction(target, options);
  }

  async evaluate(hypothesis: Hypothesis, experiment: Experiment, ctx: StageContext): Promise<Evaluation> {
    if (experiment.status === "failed") return noScore(experiment, failureReason(experiment));
    const answer = await this.#function.call(
      ctx,
      (fn) => fn(hypothesis, experiment, ctx),
      () => [hypothesis, experiment, runData(ctx)],
    );
    if (answer.ok) return evaluationOf(answer.value, experiment, ctx);
    return noScore(experiment, `the evaluator failed: ${answer.failure.message.slice(0, 1000)}`);
  }
}

/** An evaluator as it is, or one around a function that gives a score. Throws `SpecError` on anything else. */
export function asEvaluator(value: Evaluator | EvaluatorFunction): Evaluator {
  if (typeof value === "function") return new FunctionEvaluator(value);
  if (typeof value === "object" && value !== null && typeof value.evaluate === "function") return value;
  throw new SpecError("an evaluator is an object with an evaluate method, or a function that gives a score");
}

export const functionEvaluator = defineComponent({
  kind: "evaluator",
  type: "function",
  summary: "The score is what an exported function of a module gives, called in a child process.",
  options: functionOptions,
  example: { module: "evaluate.ts", export: "evaluate", timeout: "5m" },
  create: (options, deps) =>
    new FunctionEvaluator(
      { module: deps.resolvePath(options.module), export: options.export },
      { timeoutMs: parseDuration(options.timeout) },
    ),
});
