import type { RunContext } from "../../kernel/context.ts";
import { defineComponent } from "../../kernel/define.ts";
import { SpecError } from "../../kernel/errors.ts";
import type { Runner, RunnerContext, RunnerReply, RunnerRequest } from "../../kernel/ports.ts";
import { Semaphore } from "../../kernel/semaphore.ts";
import { defined } from "../../model/json.ts";
import {
  ANTHROPIC_OPTIONS,
  type AnthropicCall,
  type AnthropicOptions,
  anthropicLlm,
  apiKey,
  type LlmEffects,
} from "../../platform/llm.ts";
import type { ObjectSchema } from "../../schema/dialect.ts";
import type { Infer } from "../../schema/infer.ts";
import { answer } from "./llm.ts";
import { recorded, recordOption } from "./recording.ts";

const CONCURRENCY = 4;

/** Why a server cannot be reached by this address, without any of what it says; `null` when it can be tried. */
function addressProblem(address: string): string | null {
  if (!URL.canParse(address))
    return "this is no address of a server; write it as https://host, or https://host:port/path";
  const { username, password } = new URL(address);
  if (username === "" && password === "") return null;
  return "a name or password in an address is never sent; name the environment variable that holds the key, as api_key_env";
}

export interface AnthropicRunnerOptions extends AnthropicOptions {
  /** Name in records. Default `anthropic`. */
  readonly name?: string;
  /** Calls in flight. Default 4. */
  readonly concurrency?: number;
}

/** Answers prompts with an Anthropic model. `setup` throws `RunnerError` `credentials` when there is no key. */
export class AnthropicRunner implements Runner {
  readonly name: string;
  readonly model: string;
  readonly #options: AnthropicOptions;
  readonly #call: AnthropicCall;
  readonly #limit: Semaphore;
  #totals: RunContext["totals"] | undefined;

  /** Throws `SpecError` for a `baseUrl` that no request can be sent to. */
  constructor(options: AnthropicRunnerOptions, effects: LlmEffects) {
    const problem = options.baseUrl === undefined ? null : addressProblem(options.baseUrl);
    if (problem !== null) throw new SpecError(`baseUrl of ${options.model}: ${problem}`);
    const { name = "anthropic", concurrency = CONCURRENCY, ...asked } = options;
    this.name = name;
    this.model = options.model;
    this.#options = options;
    this.#call = anthropicLlm(asked, effects);
    this.#limit = new Semaphore(concurrency);
  }

  /** Before anything is spent: is there a key at all? */
  async setup(ctx: RunContext): Promise<void> {
    apiKey(this.#options, ctx.effects);
    this.#totals = ctx.totals;
  }

  mostCost(promptTokens: number): number | null {
    const { price, maxTokens } = this.#options;
    if (price === undefined || maxTokens === undefined) return null;
    return (promptTokens * price.input + maxTokens * price.output) / 1_000_000;
  }

  async run(request: RunnerRequest, ctx: RunnerContext): Promise<RunnerReply> {
    const { signal, stopping, warn } = ctx;
    const isKnown = (): boolean => (this.#totals?.().calls ?? 0) > 0;
    const ask = () => answer(this.name, ctx, () => this.#call(request.prompt, { signal, stopping, warn, isKnown }));
    return this.#limit.run(ask, ctx.signal);
  }
}

const options = {
  type: "object",
  properties: {
    ...ANTHROPIC_OPTIONS,
    concurrency: {
      type: "integer",
      minimum: 1,
      maximum: 100,
      default: 4,
      "x-scores": false,
      description: "Calls in flight.",
    },
    ...recordOption,
  },
  required: ["model"],
  additionalProperties: false,
} as const satisfies ObjectSchema;

/** Runner `anthropic`: a model behind the Anthropic Messages API. */
export const anthropicRunner = defineComponent({
  kind: "runner",
  type: "anthropic",
  summary: "Asks a model over the Anthropic Messages API, waiting out a busy or broken provider.",
  options,
  example: {
    model: "claude-sonnet-4-20250514",
    api_key_env: "ANTHROPIC_API_KEY",
    max_tokens: 4096,
    timeout: "10m",
    max_wait: "5m",
    concurrency: 4,
  },
  check: ({ base_url: address }) => {
    const message = address === undefined ? null : addressProblem(address);
    return message === null ? [] : [{ path: "base_url", message }];
  },
  create: (given, deps) => recorded(new AnthropicRunner(fromSpec(given, deps.name), deps.effects), given.record, deps),
});

function fromSpec(given: Infer<typeof options>, name: string): AnthropicRunnerOptions {
  return {
    name,
    model: given.model,
    apiKeyEnv: given.api_key_env,
    maxTokens: given.max_tokens,
    timeout: given.timeout,
    maxWait: given.max_wait,
    concurrency: given.concurrency,
    ...defined({ baseUrl: given.base_url, temperature: given.temperature, system: given.system, price: given.price }),
  };
}
