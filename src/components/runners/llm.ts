import { messageOf, RunnerError, SpecError } from "../../kernel/errors.ts";
import {
  assertArgument,
  assertOptions,
  type Expectation,
  FUNCTION,
  isObject,
  TEXT,
} from "../../kernel/given-options.ts";
import { untilAborted } from "../../kernel/interrupted.ts";
import type { LlmCall, Runner, RunnerContext, RunnerReply, RunnerRequest } from "../../kernel/ports.ts";
import type { Usage } from "../../model/call.ts";
import { defined, isJsonObject } from "../../model/json.ts";
import { amount } from "../../platform/llm-reply.ts";
import { sanitizeJson } from "../extract-json.ts";

/** Runs a function that answers prompts: its answer as a reply, its errors as `RunnerError`, an abort as the abort. */
export async function answer(name: string, ctx: RunnerContext, ask: () => unknown): Promise<RunnerReply> {
  ctx.signal.throwIfAborted();
  try {
    return asReply(name, await untilAborted(ctx.signal, ask));
  } catch (thrown) {
    if (ctx.signal.aborted || !(thrown instanceof RunnerError)) {
      ctx.signal.throwIfAborted();
      throw new RunnerError("failed", `${name} failed: ${messageOf(thrown)}`, { cause: thrown });
    }
    if (thrown.problem !== "unusable-reply" || thrown.reply === undefined) throw thrown;
    // It came and is paid for: it is recorded as a reply, and another is asked for with what is wrong with it.
    return bounded({ content: thrown.reply, unusable: thrown.message, ...defined({ usage: thrown.usage }) });
  }
}

/** What a function that answers prompts knows besides the prompt: which question it is, and when to stop. */
export type PromptContext = RunnerRequest & RunnerContext;

/** A function in place of a model: text, or an object with `content` and, if it likes, `usage` and `model`. */
export type PromptFunction = (prompt: string, ctx: PromptContext) => unknown;

/** Answers prompts with a function, in this process. It can be asked to stop by `ctx.signal`, not made to. */
export class FunctionRunner implements Runner {
  readonly name: string;
  readonly #run: PromptFunction;

  constructor(run: PromptFunction, options: { readonly name?: string } = {}) {
    assertArgument(new.target.name, "run", run, FUNCTION);
    assertOptions(new.target.name, options, { name: TEXT });
    this.name = options.name ?? "function";
    this.#run = run;
  }

  async run(request: RunnerRequest, ctx: RunnerContext): Promise<RunnerReply> {
    return answer(this.name, ctx, () => this.#run(request.prompt, { ...request, ...ctx }));
  }
}

/** A runner around any function from a prompt to text. What the function throws is a `RunnerError` `failed`. */
export class LLMRunner extends FunctionRunner {
  constructor(call: LlmCall, options: { readonly name?: string } = {}) {
    super(call, isObject(options) ? { name: "llm", ...options } : options);
  }
}

/** What can be asked. */
export const RUNNER: Expectation = {
  expected: "a runner: an object with run(), or a function from a prompt to text",
  holds: (value) => typeof value === "function" || (isObject(value) && typeof value.run === "function"),
};

/** A runner as it is, or one around a function from a prompt to text. Throws `SpecError` on anything else. */
export function asRunner(value: Runner | LlmCall): Runner {
  if (typeof value === "function") return new LLMRunner(value);
  if (typeof value === "object" && value !== null && typeof value.run === "function") return value;
  throw new SpecError("a runner is an object with a run method, or a function from a prompt to text");
}

/** A reply longer than this is refused: it would be kept in a record and read again and again. */
const MAX_REPLY_CHARACTERS = 8 * 1024 * 1024;
/** Of one that is refused, its beginning. */
const KEPT_CHARACTERS = 64 * 1024;

/** What a function or a process answered, as a reply. Throws `RunnerError` `unusable-reply` when it is not one. */
export function asReply(name: string, answer: unknown): RunnerReply {
  if (typeof answer === "string") return bounded({ content: answer });
  const given = typeof answer === "object" ? answer : {};
  const { content, usage, structured, unusable, model }: Readonly<Record<string, unknown>> = { ...given };
  const paid = readUsage(usage);
  if (typeof content !== "string") {
    throw new RunnerError("unusable-reply", `${name} answered neither text nor { content: text }`, { usage: paid });
  }
  return bounded({
    content,
    ...defined({
      structured: structured === undefined ? undefined : sanitizeJson(structured),
      unusable: typeof unusable === "string" ? unusable : undefined,
      usage: paid,
      model: typeof model === "string" ? model : undefined,
    }),
  });
}

/** Token counts and cost out of data that others wrote; `undefined` unless both counts are there. */
export function readUsage(value: unknown): Usage | undefined {
  const data = sanitizeJson(value);
  if (!isJsonObject(data)) return undefined;
  const rest = amount(data.input_tokens ?? data.prompt_tokens);
  const outputTokens = amount(data.outputTokens ?? data.output_tokens ?? data.completion_tokens);
  // Anthropic's own form counts what was cached beside the rest of the input.
  const cached = (amount(data.cache_read_input_tokens) ?? 0) + (amount(data.cache_creation_input_tokens) ?? 0);
  const inputTokens = amount(data.inputTokens) ?? (rest === undefined ? undefined : rest + cached);
  if (inputTokens === undefined || outputTokens === undefined) return undefined;
  const cacheReadTokens = amount(data.cacheReadTokens ?? data.cache_read_input_tokens);
  const cacheWriteTokens = amount(data.cacheWriteTokens ?? data.cache_creation_input_tokens);
  const costUsd = amount(data.costUsd ?? data.total_cost_usd);
  return {
    inputTokens,
    outputTokens,
    ...defined({ cacheReadTokens, cacheWriteTokens, costUsd }),
  };
}

function bounded(reply: RunnerReply): RunnerReply {
  const { content, unusable, usage, model } = reply;
  const tooLong = content.length > MAX_REPLY_CHARACTERS;
  if (!tooLong && unusable === undefined) return { ...reply, content: content.toWellFormed() };
  const why = tooLong ? `it has ${content.length} characters, more than ${MAX_REPLY_CHARACTERS}` : unusable;
  return { content: content.slice(0, KEPT_CHARACTERS).toWellFormed(), ...defined({ unusable: why, usage, model }) };
}
