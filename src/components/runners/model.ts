import type { RunContext } from "../../kernel/context.ts";
import type { Runner, RunnerContext, RunnerReply, RunnerRequest } from "../../kernel/ports.ts";
import { defined } from "../../model/json.ts";
import type { ModelConnection } from "../../platform/llm.ts";
import { addressProblem } from "../../platform/llm-access.ts";
import type { LLM_OPTIONS } from "../../platform/llm-options.ts";
import type { Infer } from "../../schema/infer.ts";
import { answer } from "./llm.ts";

/**
 * Answers prompts with a model behind a provider. `setup` throws `RunnerError` `credentials` when a key is needed and
 * there is none.
 */
export class ModelRunner implements Runner {
  readonly name: string;
  readonly model: string;
  readonly #connection: ModelConnection;
  #totals: RunContext["totals"] | undefined;

  constructor(name: string, model: string, connection: ModelConnection) {
    this.name = name;
    this.model = model;
    this.#connection = connection;
  }

  async setup(ctx: RunContext): Promise<void> {
    this.#connection.assertUsable();
    this.#totals = ctx.totals;
  }

  mostTokens(promptTokens: number): number | null {
    return this.#connection.mostTokens(promptTokens);
  }

  mostCost(promptTokens: number): number | null {
    return this.#connection.mostCost(promptTokens);
  }

  run({ prompt }: RunnerRequest, ctx: RunnerContext): Promise<RunnerReply> {
    const { signal, stopping, warn, tried } = ctx;
    const isKnown = (): boolean => (this.#totals?.().calls ?? 0) > 0;
    return answer(this.name, ctx, () => this.#connection.ask(prompt, { signal, stopping, warn, tried, isKnown }));
  }
}

type Given = { readonly [K in keyof typeof LLM_OPTIONS]?: Infer<(typeof LLM_OPTIONS)[K]> } & {
  readonly model: string;
  readonly api_key_env: string;
};

/** The options that all providers have, from a spec's names to code's. */
export function sharedOptions(given: Given) {
  return {
    model: given.model,
    apiKeyEnv: given.api_key_env,
    ...defined({
      baseUrl: given.base_url,
      headers: given.headers,
      maxTokens: given.max_tokens,
      temperature: given.temperature,
      topP: given.top_p,
      system: given.system,
      extraBody: given.extra_body,
      timeout: given.timeout,
      idleTimeout: given.idle_timeout,
      maxWait: given.max_wait,
      concurrency: given.concurrency,
      rate: given.rate,
      price: given.price,
    }),
  };
}

/** What is wrong with the options of a provider that their schema cannot say. */
export function checkAddress({ base_url: address }: { readonly base_url?: string }) {
  const message = address === undefined ? null : addressProblem(address);
  return message === null ? [] : [{ path: "base_url", message }];
}
