import type { Effects } from "../kernel/effects.ts";
import { messageOf, RunnerError, SpecError } from "../kernel/errors.ts";
import type { LlmCall } from "../kernel/ports.ts";
import { createRedactor } from "../kernel/redact.ts";
import { WAITING } from "../kernel/runner.ts";
import { Semaphore } from "../kernel/semaphore.ts";
import type { FailedTry, Usage } from "../model/call.ts";
import { defined } from "../model/json.ts";
import { CHARACTERS_PER_TOKEN, mostTokensIn } from "../model/units.ts";
import { promptLine } from "../text/printable.ts";
import { GaveUp, withBackoff } from "./backoff.ts";
import { type Access, accessOf, addressProblem, type Reached } from "./llm-access.ts";
import { classifyFailure, NoProvider } from "./llm-failures.ts";
import { LLM_OPTIONS, type LlmOptions } from "./llm-options.ts";
import { listedPrice } from "./llm-prices.ts";
import { EndlessReply, IncomingReply, usedTogether } from "./llm-reply.ts";
import { type GuardedRequest, guardedRequest } from "./llm-request.ts";
import { Pace } from "./pace.ts";

export interface LlmReply {
  readonly content: string;
  /** Estimated from the texts where the server tells nothing of it. */
  readonly usage?: Usage;
  readonly model: string;
}

export interface LlmCallOptions {
  readonly signal: AbortSignal;
  /** Once it aborts, a busy server is not waited for. */
  readonly stopping?: AbortSignal | undefined;
  readonly warn?: (code: string, message: string) => void;
  /** Told of each request that failed. */
  readonly tried?: ((attempt: FailedTry) => void) | undefined;
  /** Whether calls were answered before this process: the address is then no wrong one, whatever comes from it. */
  readonly isKnown?: () => boolean;
}

/** An `LlmCall` that also says when it has to wait. */
export type ModelCall = (prompt: string, options: LlmCallOptions) => Promise<LlmReply>;

/** A model behind a provider: asks it, and says whether it could be asked at all. */
export interface ModelConnection {
  readonly ask: ModelCall & LlmCall;
  /** Throws `RunnerError` when the address is none, or a key is needed and there is none. */
  readonly assertUsable: () => void;
  /** Tokens that a call with a prompt of so many uses at most; `null` when no longest reply is known. */
  readonly mostTokens: (promptTokens: number) => number | null;
  /** Dollars that it costs at most; `null` also when no price is known. */
  readonly mostCost: (promptTokens: number) => number | null;
}

/** How a provider is spoken to. */
export interface Provider extends Reached {
  readonly maxTokens?: number;
  /** What input costs that is read from a cache or written to it, against other input. */
  readonly cacheFactors: { readonly read: number; readonly write: number };
  /** Sends one request and puts the reply together. */
  readonly send: (request: ProviderRequest) => Promise<void>;
}

export interface ProviderRequest {
  readonly prompt: string;
  readonly url: URL;
  readonly key: string | null;
  readonly request: GuardedRequest;
  readonly reply: IncomingReply;
}

export type LlmEffects = Pick<Effects, "clock" | "variables" | "token">;

const { concurrency: CONCURRENCY, timeout: TIMEOUT, idle_timeout: IDLE_TIMEOUT, max_wait: MAX_WAIT } = LLM_OPTIONS;
/** Characters of the name by which a server calls its model. */
const MAX_MODEL_NAME = 200;

/**
 * A connection to a model. A busy or broken server is waited for up to `maxWait` (`RunnerError` `unavailable` after
 * it); a refused key is `credentials`, a refused request or an unknown model `rejected`, a reply that was cut at its
 * longest or refused `unusable-reply`. Something else altogether, such as a gateway's page of HTML, is waited out like a
 * broken server; at the very start it says that the address is a wrong one: `rejected`. What failed requests used, by
 * what the server told or sent, counts with the reply or the error. The key is read from the environment at each call and is in no
 * message and no reply. Throws `SpecError` for a `baseUrl` that no request can be sent to.
 */
export function connect(provider: Provider, given: LlmOptions, effects: LlmEffects): ModelConnection {
  const problem = given.baseUrl === undefined ? null : addressProblem(given.baseUrl);
  if (problem !== null) throw new SpecError(`baseUrl of ${given.model}: ${problem}`);
  const isAtHome = given.baseUrl === undefined && !effects.variables.get(provider.addressVariable)?.trim();
  const options = { ...given, ...defined({ price: given.price ?? (isAtHome ? listedPrice(given.model) : undefined) }) };
  const limit = new Semaphore(options.concurrency ?? CONCURRENCY.default);
  const pace = new Pace(options.rate, effects.clock);
  const known = { isProvider: false };
  const { maxTokens = provider.maxTokens, system } = options;
  const systemTokens = system === undefined ? 0 : mostTokensIn(system);
  return {
    ask: (prompt, ctx) =>
      limit.run(async () => new Call(provider, options, effects, { prompt, ctx, pace, known }).answer(), ctx.signal),
    assertUsable: () => {
      accessOf(provider, options, effects.variables);
    },
    mostTokens: (promptTokens) => (maxTokens === undefined ? null : promptTokens + systemTokens + maxTokens),
    mostCost: (promptTokens) => {
      const { price } = options;
      if (price === undefined || maxTokens === undefined) return null;
      const input = Math.max(price.input, price.cache_write ?? price.input * provider.cacheFactors.write);
      return ((promptTokens + systemTokens) * input + maxTokens * price.output) / 1_000_000;
    },
  };
}

interface Asked {
  readonly prompt: string;
  readonly ctx: LlmCallOptions;
  readonly pace: Pace;
  /** Whether whoever answers there has behaved like a provider. */
  readonly known: { isProvider: boolean };
}

/** One call: the requests until one is answered. */
class Call {
  readonly #provider: Provider;
  readonly #options: LlmOptions;
  readonly #effects: LlmEffects;
  readonly #asked: Asked;
  readonly #access: Access;
  readonly #redact: (text: string) => string;
  /** What came of requests that failed; it is paid for all the same. The text is that of the last of them. */
  #lost: { usage: Usage | undefined; text: string } = { usage: undefined, text: "" };

  constructor(provider: Provider, options: LlmOptions, effects: LlmEffects, asked: Asked) {
    this.#provider = provider;
    this.#options = options;
    this.#effects = effects;
    this.#asked = asked;
    this.#access = accessOf(provider, options, effects.variables);
    this.#redact = createRedactor(this.#access.secrets).text;
  }

  async answer(): Promise<LlmReply> {
    const { ctx, known } = this.#asked;
    const { model, maxWait = MAX_WAIT.default } = this.#options;
    try {
      const reply = await withBackoff(
        () => this.#attempt(),
        (thrown) => this.#passing(thrown),
        {
          effects: this.#effects,
          maxWait,
          signal: ctx.signal,
          stopping: ctx.stopping,
          onWait: (waiting) => ctx.warn?.(WAITING, this.#redact(`${model}: ${waiting}`)),
        },
      );
      known.isProvider = true;
      return this.#usable(reply);
    } catch (thrown) {
      ctx.signal.throwIfAborted();
      throw thrown instanceof RunnerError ? thrown : this.#failure(thrown);
    }
  }

  async #attempt(): Promise<IncomingReply> {
    const { prompt, ctx, pace } = this.#asked;
    await pace.turn(ctx.signal, ctx.stopping);
    const { clock } = this.#effects;
    const [startedAt, from] = [clock.now().toISOString(), clock.monotonic()];
    const reply = new IncomingReply();
    const { timeout = TIMEOUT.default, idleTimeout = IDLE_TIMEOUT.default } = this.#options;
    using request = guardedRequest({ timeout, idleTimeout }, clock, ctx.signal);
    try {
      const { url, key } = this.#access;
      await this.#provider.send({ prompt, url, key, request, reply });
      request.signal.throwIfAborted();
      if (!reply.isComplete) throw new Error("the server's reply ended before it was complete");
      return reply;
    } catch (thrown) {
      ctx.signal.throwIfAborted();
      // All of it is there: what went wrong after it is of no matter.
      if (reply.isComplete) return reply;
      const reason: unknown = request.signal.aborted ? request.signal.reason : thrown;
      const used = this.#atLeast(reply);
      this.#lost = { usage: usedTogether(this.#lost.usage, used), text: reply.text };
      const durationMs = Math.round(clock.monotonic() - from);
      const usage = used && this.#priced(used);
      ctx.tried?.({ startedAt, durationMs, reason: this.#sort(reason).reason, ...defined({ usage }) });
      throw reason;
    }
  }

  #sort(thrown: unknown) {
    return classifyFailure(thrown, () => this.#effects.clock.now().getTime(), this.#redact);
  }

  #passing(thrown: unknown) {
    const { ctx, known } = this.#asked;
    if (thrown instanceof RunnerError || thrown instanceof EndlessReply) return null;
    known.isProvider ||= ctx.isKnown?.() === true || !(thrown instanceof NoProvider);
    if (!known.isProvider) return null;
    const sorted = this.#sort(thrown);
    return sorted.kind === "passing" ? sorted : null;
  }

  /** A reply that can be used. Half of one is no data, and neither is an apology. */
  #usable(reply: IncomingReply): LlmReply {
    const { model, maxTokens = this.#provider.maxTokens } = this.#options;
    const own = reply.usage ?? this.#atLeast(reply);
    const together = usedTogether(this.#lost.usage, own);
    const usage = together && this.#priced(together);
    const content = this.#redact(reply.text);
    const told = promptLine(this.#redact(reply.model ?? ""), MAX_MODEL_NAME);
    if (reply.end === "whole") return { content, model: told === "" ? model : told, ...defined({ usage }) };
    const reason =
      reply.end === "refused"
        ? "the model refused to answer"
        : `the reply was cut at its max tokens${maxTokens === undefined ? "" : ` (${maxTokens})`}`;
    if (reply.end === "cut") this.#asked.ctx.warn?.("reply-cut", `${model}: ${reason}`);
    throw new RunnerError("unusable-reply", reason, { usage, reply: content });
  }

  /** No `cause`: a client's errors hold the request's headers, and with them the key. */
  #failure(thrown: unknown): RunnerError {
    const { model, baseUrl } = this.#options;
    const { url, keyName } = this.#access;
    const known = {
      ...defined({ usage: this.#lost.usage && this.#priced(this.#lost.usage) }),
      ...(this.#lost.text === "" ? {} : { reply: this.#redact(this.#lost.text) }),
    };
    const error = (problem: RunnerError["problem"], message: string, attempts = 1) =>
      new RunnerError(problem, this.#redact(message), { attempts, ...known });
    const where = `POST ${url.origin}${url.pathname}`;
    const checkAddress = `check ${baseUrl === undefined ? this.#provider.addressVariable : "the base URL"}`;
    if (thrown instanceof EndlessReply) return error("unusable-reply", `${model}: ${messageOf(thrown)}`);
    if (thrown instanceof NoProvider)
      return error("rejected", `${model}: ${this.#sort(thrown).reason} (${where}); ${checkAddress}`);
    if (thrown instanceof GaveUp) {
      const { tries, waited, failure, cause } = thrown;
      const hint = cause instanceof NoProvider ? `; ${checkAddress}` : "";
      return error(
        "unavailable",
        `${model} is unavailable after ${waited}: ${failure.reason} (${where})${hint}`,
        tries,
      );
    }
    const sorted = this.#sort(thrown);
    const problem = sorted.kind === "final" ? sorted.problem : "failed";
    const hint =
      problem !== "credentials"
        ? `check the model's name and the request's settings, or ${checkAddress}`
        : this.#access.key === null
          ? `${keyName} is not set: it would hold the key`
          : `check the key in ${keyName}`;
    return error(problem, `${model} refused the request: ${sorted.reason} (${where}); ${hint}`);
  }

  /** What a request used, where the server had not told all of it: what came of the reply was written, and is paid for. */
  #atLeast({ usage, length }: IncomingReply): Usage | undefined {
    const { maxTokens = this.#provider.maxTokens ?? Number.POSITIVE_INFINITY } = this.#options;
    const outputTokens = Math.min(maxTokens, Math.ceil(length / CHARACTERS_PER_TOKEN));
    if (length === 0 || (usage && usage.outputTokens >= outputTokens)) return usage;
    const inputTokens = Math.ceil(this.#asked.prompt.length / CHARACTERS_PER_TOKEN);
    return { inputTokens, ...usage, outputTokens, estimated: true };
  }

  #priced(usage: Usage): Usage {
    const { price } = this.#options;
    if (!price) return usage;
    const { read, write } = this.#provider.cacheFactors;
    const { inputTokens, outputTokens, cacheReadTokens = 0, cacheWriteTokens = 0 } = usage;
    const dollars =
      Math.max(0, inputTokens - cacheReadTokens - cacheWriteTokens) * price.input +
      cacheReadTokens * (price.cache_read ?? price.input * read) +
      cacheWriteTokens * (price.cache_write ?? price.input * write) +
      outputTokens * price.output;
    return { ...usage, costUsd: dollars / 1_000_000 };
  }
}
