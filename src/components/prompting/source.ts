import type { RunContext } from "../../kernel/context.ts";
import type { ComponentDeps } from "../../kernel/define.ts";
import { messageOf, RunFailedError, SpecError } from "../../kernel/errors.ts";
import { ofSchema, required, TEXT } from "../../kernel/given-options.ts";
import type { Lifecycle, LlmCall, Runner } from "../../kernel/ports.ts";
import type { Role } from "../../model/call.ts";
import type { ParameterNames } from "../../model/hypothesis.ts";
import { defined, type JsonObject } from "../../model/json.ts";
import { compilePrompt, type PromptTemplate } from "../../platform/template.ts";
import { allOf, OPEN, type Shapes } from "../../platform/template-check.ts";
import { JSON_OBJECT, type RefSchema } from "../../schema/dialect.ts";
import type { ComponentConfig } from "../../schema/infer.ts";
import { asRunner, RUNNER } from "../runners/llm.ts";
import { promptShapes } from "./variables.ts";

/** The option that names the runner a component asks. */
export const runnerOption: RefSchema = {
  $ref: "#/$defs/runner",
  description: "The runner that is asked: a name from `runners`, or one inline.",
};

/** The options by which a component is given its prompt. */
export const promptOptions = {
  prompt: { type: "string", minLength: 1, description: "The prompt, a Handlebars template." },
  prompt_file: {
    type: "string",
    minLength: 1,
    "x-path": "file",
    description: "File that holds the prompt, relative to the spec.",
  },
  vars: { ...JSON_OBJECT, description: "Your own values for the prompt: `{{vars.name}}`." },
} as const;

interface PromptGiven {
  readonly prompt?: string;
  readonly prompt_file?: string;
  readonly vars?: JsonObject;
}

/** What is wrong with the prompt options together. */
export function promptProblems(given: PromptGiven): readonly { readonly path: string; readonly message: string }[] {
  if (given.prompt === undefined || given.prompt_file === undefined) return [];
  return [{ path: "prompt_file", message: "give either prompt or prompt_file, not both" }];
}

/** What has a prompt. */
interface Prompted {
  /** Throws `SpecError` for what the prompt uses that it cannot have, by what hypotheses' parameters are called. */
  checkPrompt(parameters?: ParameterNames): void;
}

/**
 * Builds what asks a runner with the prompt of these options. What is wrong with the prompt is told of the option that
 * gives it. Throws `SpecError` when there is no such file.
 */
export function builtWithPrompt<T extends Prompted>(
  { runner, prompt, prompt_file: file, vars }: PromptGiven & { readonly runner: ComponentConfig },
  deps: ComponentDeps,
  build: (asking: AskingOptions) => T,
): T {
  const source = file === undefined ? prompt : deps.effects.files.readText(deps.resolvePath(file));
  if (source === null) throw new SpecError(`prompt_file: there is no file ${file}; its path is relative to the spec`);
  const given = defined({ promptTemplate: source, promptName: prompt === undefined ? file : undefined, vars });
  const built = deps.build("runner", runner);
  try {
    const stage = build({ runner: built, ...given });
    stage.checkPrompt(deps.parameters);
    return stage;
  } catch (thrown) {
    const inText = thrown instanceof SpecError ? thrown.diagnostics.filter(({ line }) => line !== undefined) : [];
    if (inText.length === 0 || source === undefined) throw thrown;
    const option = file === undefined ? { path: "prompt" } : { path: "prompt_file", file };
    const diagnostics = inText.map((problem) => ({ ...problem, ...option }));
    throw new SpecError(messageOf(thrown), diagnostics, { cause: thrown });
  }
}

/** What every stage that asks a model with a prompt is given in code. */
export interface AskingOptions {
  /** The model to ask: a runner, or any function from a prompt to text. */
  readonly runner: Runner | LlmCall;
  /** Handlebars source of the prompt. Default: a prompt that fits any run. */
  readonly promptTemplate?: string;
  /** What messages call the prompt, such as its file. */
  readonly promptName?: string;
  /** Your own values for the prompt: `{{vars.name}}`. Default: none. */
  readonly vars?: JsonObject;
}

/** What each of them may be. */
export const ASKING_OPTIONS = {
  runner: required(RUNNER),
  promptTemplate: TEXT,
  promptName: TEXT,
  vars: ofSchema(JSON_OBJECT),
};

/** A stage that asks a model with a prompt. Throws `SpecError` on an unusable prompt. */
export class AskingStage implements Lifecycle, Prompted {
  readonly runner: Runner;
  readonly #role: Role;
  readonly #own: Shapes;
  protected readonly template: PromptTemplate;
  protected readonly vars: JsonObject;

  /** `fallback` is the prompt where none is given, `own` what its prompt may use besides the run's variables. */
  constructor(
    role: Role,
    { runner, promptTemplate, promptName, vars = {} }: AskingOptions,
    fallback: string,
    own: Shapes,
  ) {
    this.runner = asRunner(runner);
    const lacking = role === "evaluator" ? "error" : "empty";
    this.template = compilePrompt(promptTemplate ?? fallback, promptName ?? `${role} prompt`, lacking);
    this.vars = vars;
    this.#role = role;
    this.#own = own;
    // What else a judge's prompt may use is known when the run is: the parameters.
    if (role !== "evaluator") this.checkPrompt();
  }

  checkPrompt(parameters?: ParameterNames): void {
    if (this.#role !== "evaluator") this.template.check(promptShapes(this.#own, this.vars, parameters));
    else checkPromptOfOne(this.template, { own: this.#own, vars: this.vars }, parameters);
  }

  get passEnv(): readonly string[] {
    return this.runner.passEnv ?? [];
  }

  async setup(ctx: RunContext): Promise<void> {
    this.checkPrompt(ctx.parameters);
    await this.runner.setup?.(ctx);
  }

  async teardown(ctx: RunContext): Promise<void> {
    await this.runner.teardown?.(ctx);
  }
}

/** Checks a prompt about one hypothesis, in which parameters are variables too. Throws `SpecError`. */
export function checkPromptOfOne(
  template: PromptTemplate,
  { own, vars }: { readonly own: Shapes; readonly vars: JsonObject },
  parameters?: ParameterNames,
): void {
  const bare = allOf(parameters?.names ?? [], OPEN);
  const mayHaveOthers = parameters?.areAll !== true;
  template.check({ ...bare, ...promptShapes(own, vars, parameters) }, { parameters: mayHaveOthers });
}

/**
 * Renders a prompt about one hypothesis. A parameter that it has not got is its own failure: what a run's scores depend
 * on cannot be mended in it, so the run would never get past that hypothesis.
 */
export function renderedFor(
  render: () => string,
): { readonly ok: true; readonly prompt: string } | { readonly ok: false; readonly reason: string } {
  try {
    return { ok: true, prompt: render() };
  } catch (thrown) {
    if (!(thrown instanceof SpecError)) throw thrown;
    const [what = ""] = messageOf(thrown).split("\n");
    return { ok: false, reason: what };
  }
}

/**
 * Renders a prompt in the middle of a run. What only shows with the values of then ends the run as failed, to be
 * resumed, and not as a wrong spec: that would say that nothing was written.
 */
export function renderedInRun(role: Role, render: () => string): string {
  try {
    return render();
  } catch (thrown) {
    if (!(thrown instanceof SpecError)) throw thrown;
    const message = `the prompt of the ${role} cannot be made: ${messageOf(thrown)}\nmend the prompt, and resume the run`;
    throw new RunFailedError(message, { cause: thrown });
  }
}
