import type { RunContext, ScoringTerms, TrialContext } from "../../kernel/context.ts";
import { defineComponent } from "../../kernel/define.ts";
import { TimeoutReached } from "../../kernel/effects.ts";
import { assertOptions, required } from "../../kernel/given-options.ts";
import type { Executor, PreparedEnvironment, RawResult, Runner } from "../../kernel/ports.ts";
import type { Hypothesis, ParameterNames } from "../../model/hypothesis.ts";
import type { JsonObject } from "../../model/json.ts";
import { compilePrompt, type PromptTemplate } from "../../platform/template.ts";
import { allOf, OPEN, recordOf, type Shapes, SINGLE } from "../../platform/template-check.ts";
import type { ObjectSchema } from "../../schema/dialect.ts";
import { clipLines } from "../../text/printable.ts";
import { isOfOneCall } from "../prompting/ask.ts";
import { copiedArtifactsVariable } from "../prompting/file-variables.ts";
import { printableJson, printableParameters } from "../prompting/printable.ts";
import {
  ASKING_OPTIONS,
  type AskingOptions,
  builtWithPrompt,
  checkPromptOfOne,
  promptOptions,
  promptProblems,
  renderedFor,
  runnerOption,
} from "../prompting/source.ts";
import { promptVariables } from "../prompting/variables.ts";
import { asRunner } from "../runners/llm.ts";

/** Characters of prompt and reply that stand among a trial's steps; the call's record has all of them. */
const LONGEST_STEP = 20_000;

/** What its prompt may use besides the run's own variables; `artifacts` are as this hypothesis has them. */
export const TRIAL_SHAPES = { spec: OPEN, label: SINGLE, rationale: SINGLE, case: OPEN } as const satisfies Shapes;

/** The model that a trial asks, and the prompt. */
export interface LLMExecutorOptions extends Omit<AskingOptions, "promptTemplate"> {
  /** Handlebars source of the prompt, filled from the hypothesis: `{{spec.tone}}`, or bare `{{tone}}`. */
  readonly promptTemplate: string;
}

/**
 * Runs each trial as one call of a model: the prompt is filled from the hypothesis's fields and the files it edits, and
 * the reply, as text, is the trial's output. The call is recorded, and paid for once. Throws `SpecError` on an unusable prompt.
 */
export class LLMExecutor implements Executor {
  readonly cwd = "root" as const;
  readonly runner: Runner;
  readonly terms: ScoringTerms;
  readonly #template: PromptTemplate;
  readonly #vars: JsonObject;

  constructor(options: LLMExecutorOptions) {
    const promptTemplate = required(ASKING_OPTIONS.promptTemplate);
    assertOptions(new.target.name, options, { ...ASKING_OPTIONS, promptTemplate });
    this.runner = asRunner(options.runner);
    this.#vars = options.vars ?? {};
    this.terms = { prompt: options.promptTemplate };
    this.#template = compilePrompt(options.promptTemplate, options.promptName ?? "experimenter prompt");
  }

  get passEnv(): readonly string[] {
    return this.runner.passEnv ?? [];
  }

  checkPrompt(parameters?: ParameterNames): void {
    checkPromptOfOne(this.#template, { own: TRIAL_SHAPES, vars: this.#vars }, parameters);
  }

  checkCases(fields: readonly string[]): void {
    this.#template.check({ ...allOf(this.#template.variables, OPEN), case: recordOf(allOf(fields, OPEN)) });
  }

  async setup(ctx: RunContext): Promise<void> {
    this.checkPrompt(ctx.parameters);
    await this.runner.setup?.(ctx);
  }

  async teardown(ctx: RunContext): Promise<void> {
    await this.runner.teardown?.(ctx);
  }

  async run(hypothesis: Hypothesis, _environment: PreparedEnvironment, ctx: TrialContext): Promise<RawResult> {
    const rendered = renderedFor(() => this.prompt(hypothesis, ctx));
    if (!rendered.ok) return failed("prompt-invalid", rendered.reason);
    const { prompt } = rendered;
    const part = `t${String(ctx.index).padStart(2, "0")}`;
    const asked = { prompt, hypothesisId: hypothesis.id, part, timeoutMs: ctx.settings.timeBudgetMs };
    const asking = { runner: this.runner, role: "experimenter", ...asked } as const;
    try {
      let reply = await ctx.calls.ask({ ...asking, ask: 1 });
      // Each retry asks once more, beyond the replies of no use that are recorded.
      for (let ask = 2; reply.unusable !== undefined && ask <= 1 + (ctx.ownFailures ?? 0); ask++)
        reply = await ctx.calls.ask({ ...asking, ask });
      if (reply.unusable !== undefined) return failed("unusable-reply", reply.unusable);
      const observedAt = ctx.effects.clock.now().toISOString();
      const step = (kind: string, text: string) => ({ observedAt, kind, data: clipLines(text, LONGEST_STEP) });
      return { kind: "value", value: reply.content, steps: [step("prompt", prompt), step("reply", reply.content)] };
    } catch (thrown) {
      if (!isOfOneCall(thrown) || ctx.signal.aborted) throw thrown;
      if (thrown.cause instanceof TimeoutReached) return failed("timeout", thrown.cause.message, "timeout");
      return failed(thrown.code, thrown.message);
    }
  }

  /** The prompt of one trial. */
  prompt({ spec, label = "", rationale = "" }: Hypothesis, ctx: TrialContext): string {
    const own: Readonly<Record<keyof typeof TRIAL_SHAPES, () => unknown>> = {
      spec: () => printableParameters(spec, ctx.parameters?.names),
      label: () => label,
      rationale: () => rationale,
      case: () => printableJson(ctx.case ?? {}),
    };
    const artifacts = () => copiedArtifactsVariable(ctx);
    return this.#template.render(
      promptVariables(ctx, { role: "experimenter", vars: this.#vars, own: { ...own, artifacts }, parameters: spec }),
    );
  }
}

function failed(code: string, message: string, status: "failed" | "timeout" = "failed"): RawResult {
  return { kind: "failure", status, failure: { code, message } };
}

const options = {
  type: "object",
  properties: { runner: runnerOption, ...promptOptions },
  required: ["runner"],
  additionalProperties: false,
} as const satisfies ObjectSchema;

/** Executor `llm`: a model answers. */
export const llmExecutor = defineComponent({
  kind: "executor",
  type: "llm",
  summary:
    "Asks a model with a prompt that the hypothesis fills; the reply is the trial's output, for a judge to score.",
  options,
  example: { runner: "main", prompt: "Answer in a {{tone}} tone: what is a neural network?" },
  check: (given) => {
    const missing = given.prompt === undefined && given.prompt_file === undefined;
    const needed = missing ? [{ path: "prompt", message: "a prompt is needed: give prompt or prompt_file" }] : [];
    return [...needed, ...promptProblems(given)];
  },
  create: (given, deps) =>
    builtWithPrompt(
      given,
      deps,
      ({ promptTemplate = "", ...asking }) => new LLMExecutor({ ...asking, promptTemplate }),
    ),
});
