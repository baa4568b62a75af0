import type { StageContext } from "../../kernel/context.ts";
import { defineComponent } from "../../kernel/define.ts";
import type { Evaluator } from "../../kernel/ports.ts";
import type { Evaluation } from "../../model/evaluation.ts";
import type { Experiment } from "../../model/experiment.ts";
import type { Hypothesis } from "../../model/hypothesis.ts";
import { parseDuration } from "../../model/units.ts";
import { type ModuleFunctionResult, runModuleFunction } from "../../platform/function-host.ts";
import { plainJson } from "../../platform/plain-json.ts";
import { functionOptionProperties, type ModuleFunction } from "../executors/index.ts";
import { ownEnvironment } from "../process-environment.ts";
import { evaluationOf } from "./answer.ts";
import { failureReason, noScore } from "./no-score.ts";

const DEFAULT_TIMEOUT_MS = 3_600_000;

/**
 * Scores by an exported function of a module, `(hypothesis, experiment, ctx) => number | { score, … }`, called in a
 * child process that is ended at its timeout.
 */
export class FunctionEvaluator implements Evaluator {
  readonly #target: ModuleFunction;
  readonly #timeoutMs: number;

  constructor(target: ModuleFunction, options: { readonly timeoutMs?: number } = {}) {
    this.#target = target;
    this.#timeoutMs = options.timeoutMs ?? DEFAULT_TIMEOUT_MS;
  }

  async evaluate(hypothesis: Hypothesis, experiment: Experiment, ctx: StageContext): Promise<Evaluation> {
    if (experiment.status === "failed") return noScore(experiment, failureReason(experiment));
    const { settings, effects } = ctx;
    const given = plainJson([hypothesis, experiment]);
    const result = await runModuleFunction(
      {
        module: this.#target.module,
        export: this.#target.export ?? "default",
        args: given.ok && Array.isArray(given.value) ? given.value : [],
        context: { iteration: ctx.iteration, root: settings.root, workspace: ctx.workspace.root, seed: settings.seed },
        cwd: settings.root,
        env: ownEnvironment({ variables: effects.variables, keyVariables: ctx.keyVariables }),
        timeoutMs: this.#timeoutMs,
        marker: `${ctx.mark}function/${effects.token(8)}`,
      },
      effects,
      ctx.signal,
    );
    ctx.signal.throwIfAborted();
    if (result.kind === "value") return evaluationOf(result.value, experiment, ctx);
    return noScore(experiment, whyNone(result));
  }
}

function whyNone(result: Exclude<ModuleFunctionResult, { readonly kind: "value" }>): string {
  if (result.kind === "threw") return `the evaluator threw: ${result.message.slice(0, 1000)}`;
  const { end, exitCode, message } = result.process;
  if (end === "exited") return `the evaluator's process ended with code ${exitCode ?? -1} and no result`;
  return `the evaluator's process: ${message ?? end}`;
}

export const functionEvaluator = defineComponent({
  kind: "evaluator",
  type: "function",
  summary: "The score is what an exported function of a module gives, called in a child process.",
  options: {
    type: "object",
    properties: functionOptionProperties,
    required: ["module"],
    additionalProperties: false,
  },
  example: { module: "evaluate.ts", export: "evaluate", timeout: "5m" },
  create: (options, deps) =>
    new FunctionEvaluator(
      { module: deps.resolvePath(options.module), export: options.export },
      { timeoutMs: parseDuration(options.timeout) },
    ),
});
