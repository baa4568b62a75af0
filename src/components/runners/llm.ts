import { messageOf, RunnerError } from "../../kernel/errors.ts";
import type { LlmCall, Runner, RunnerContext, RunnerReply, RunnerRequest } from "../../kernel/ports.ts";
import { asReply } from "./reply.ts";

/** A runner around any function from a prompt to text. What the function throws is a `RunnerError` `failed`. */
export class LLMRunner implements Runner {
  readonly name: string;
  readonly #call: LlmCall;

  constructor(call: LlmCall, options: { readonly name?: string } = {}) {
    this.name = options.name ?? "llm";
    this.#call = call;
  }

  async run(request: RunnerRequest, ctx: RunnerContext): Promise<RunnerReply> {
    return answer(this.name, ctx, () => this.#call(request.prompt, { signal: ctx.signal }));
  }
}

/** Runs a function that answers prompts: its answer as a reply, its errors as `RunnerError`, an abort as the abort. */
export async function answer(name: string, ctx: RunnerContext, ask: () => unknown): Promise<RunnerReply> {
  ctx.signal.throwIfAborted();
  let given: unknown;
  try {
    given = await ask();
  } catch (thrown) {
    if (ctx.signal.aborted || thrown instanceof RunnerError) throw thrown;
    throw new RunnerError("failed", `${name} failed: ${messageOf(thrown)}`, { cause: thrown });
  }
  return asReply(name, given);
}
