import type { Runner, RunnerContext, RunnerReply, RunnerRequest } from "../../kernel/ports.ts";
import { answer } from "./llm.ts";

/** What a function that answers prompts knows besides the prompt: which question it is, and when to stop. */
export type PromptContext = RunnerRequest & RunnerContext;

/** A function in place of a model: text, or an object with `content` and, if it likes, `usage` and `model`. */
export type PromptFunction = (prompt: string, ctx: PromptContext) => unknown;

/** Answers prompts with a function, in this process. It can be asked to stop by `ctx.signal`, not made to. */
export class FunctionRunner implements Runner {
  readonly name: string;
  readonly #run: PromptFunction;

  constructor(run: PromptFunction, options: { readonly name?: string } = {}) {
    this.name = options.name ?? "function";
    this.#run = run;
  }

  async run(request: RunnerRequest, ctx: RunnerContext): Promise<RunnerReply> {
    const known: PromptContext = { ...request, signal: ctx.signal, warn: ctx.warn };
    return answer(this.name, ctx, () => this.#run(request.prompt, known));
  }
}
