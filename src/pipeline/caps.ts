import { RunnerError } from "../kernel/errors.ts";
import { Interrupted } from "../kernel/interrupted.ts";
import type { Runner, RunnerReply } from "../kernel/ports.ts";
import type { Usage } from "../model/call.ts";
import type { StopSettings } from "../model/settings.ts";
import type { Spending } from "./spending.ts";
import { budgetName, spentCap, stopStarts } from "./stopping.ts";

/** Characters a token has at least, nearly always: a prompt is rather held for longer than it is. */
const FEWEST_CHARACTERS_PER_TOKEN = 3;
/** A runner that does not know what a call may use is held to use so many times what its largest yet did. */
const MARGIN = 1.5;

interface Held {
  readonly tokens: number;
  readonly costUsd: number;
}

/**
 * Keeps calls that run at the same time from overshooting `stop.tokens` and `stop.cost_usd` together: each holds the most
 * that it may use until it has ended, and the next waits while all of them might reach a cap. So a cap is overshot by
 * the last call that was let through, and by no more.
 */
export class Caps {
  readonly #stop: StopSettings;
  readonly #spending: Spending;
  readonly #held = new Set<Held>();
  readonly #largest = new Map<string, Held>();
  #waiting: (() => void)[] = [];

  constructor(stop: StopSettings, spending: Spending) {
    this.#stop = stop;
    this.#spending = spending;
  }

  /**
   * Sends a call as soon as it may be sent. Throws `Interrupted` once a cap is reached, as the run ends there and is resumed with a
   * higher one; for a call that adds to others (`isMore`) `RunnerError` `budget`, also when the time is up.
   */
  async within(
    { runner, prompt, isMore }: { readonly runner: Runner; readonly prompt: string; readonly isMore: boolean },
    send: () => Promise<RunnerReply>,
  ): Promise<RunnerReply> {
    for (;;) {
      this.#refuse(isMore);
      if (this.#held.size === 0 || this.#hasRoom()) break;
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
    const most = this.#most(runner, prompt);
    this.#held.add(most);
    try {
      const reply = await send();
      this.#learn(runner.name, reply.usage);
      return reply;
    } catch (thrown) {
      if (thrown instanceof RunnerError) this.#learn(runner.name, thrown.usage);
      throw thrown;
    } finally {
      this.#held.delete(most);
      const waiting = this.#waiting;
      this.#waiting = [];
      for (const wake of waiting) wake();
    }
  }

  #refuse(isMore: boolean): void {
    const totals = this.#spending.totals();
    const spent = isMore ? stopStarts(totals, this.#stop) : spentCap(totals, this.#stop);
    if (!spent) return;
    if (!isMore) throw new Interrupted("drain");
    throw new RunnerError("budget", `nothing more is asked: ${budgetName(spent)} of this run is used up`);
  }

  #hasRoom(): boolean {
    const { inputTokens, outputTokens, costUsd } = this.#spending.totals();
    const held = [...this.#held];
    const fits = (used: number, most: readonly number[], cap: number | undefined): boolean =>
      cap === undefined || most.reduce((sum, one) => sum + one, used) < cap;
    return (
      fits(
        inputTokens + outputTokens,
        held.map((one) => one.tokens),
        this.#stop.tokens,
      ) &&
      fits(
        costUsd,
        held.map((one) => one.costUsd),
        this.#stop.costUsd,
      )
    );
  }

  /** Of a runner that cannot tell and has not been asked yet: all there is, so that it is alone. */
  #most(runner: Runner, prompt: string): Held {
    const promptTokens = Math.ceil(prompt.length / FEWEST_CHARACTERS_PER_TOKEN);
    const all = Number.POSITIVE_INFINITY;
    const known = this.#largest.get(runner.name) ?? { tokens: all, costUsd: all };
    return {
      tokens: runner.mostTokens?.(promptTokens) ?? known.tokens * MARGIN,
      costUsd: runner.mostCost?.(promptTokens) ?? known.costUsd * MARGIN,
    };
  }

  #learn(name: string, usage: Usage | undefined): void {
    if (usage === undefined) return;
    const { tokens, costUsd } = this.#largest.get(name) ?? { tokens: 0, costUsd: 0 };
    this.#largest.set(name, {
      tokens: Math.max(tokens, usage.inputTokens + usage.outputTokens),
      costUsd: Math.max(costUsd, usage.costUsd ?? 0),
    });
  }
}
