import type { CallRequest } from "../kernel/context.ts";
import { RunnerError } from "../kernel/errors.ts";
import { Interrupted } from "../kernel/interrupted.ts";
import type { RunnerReply } from "../kernel/ports.ts";
import type { Usage } from "../model/call.ts";
import type { StopSettings } from "../model/settings.ts";
import { mostTokensIn } from "../model/units.ts";
import type { Spending } from "./spending.ts";
import { budgetName, spentCap, stopStarts } from "./stopping.ts";

/** A runner that does not know what a call may use is held to use so many times what its largest yet did. */
const MARGIN = 1.5;

interface Held {
  readonly tokens: number;
  readonly costUsd: number;
}

/** What a runner says that a call may use; `null` where it does not know. */
interface Claim {
  readonly tokens: number | null;
  readonly costUsd: number | null;
}

/** The most that a stage's call of a runner has used yet, and by how much one went beyond what the runner had said. */
interface Learnt {
  readonly largest: Held;
  readonly beyond: Held;
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
  readonly #learnt = new Map<string, Learnt>();
  #waiting: (() => void)[] = [];
  #isClosed = false;

  constructor(stop: StopSettings, spending: Spending) {
    this.#stop = stop;
    this.#spending = spending;
  }

  /**
   * Sends a call as soon as it may be sent. Throws `Interrupted` once a cap is reached, as the run ends there and is resumed with a
   * higher one; for a call that adds to others (`isMore`) `RunnerError` `budget`, also when the time is up.
   */
  async within(
    { runner, role, prompt, isMore }: Pick<CallRequest, "runner" | "role" | "prompt"> & { readonly isMore: boolean },
    send: () => Promise<RunnerReply>,
  ): Promise<RunnerReply> {
    for (;;) {
      this.#refuse(isMore);
      if (this.#held.size === 0 || this.#hasRoom()) break;
      await this.#change();
    }
    const promptTokens = mostTokensIn(prompt);
    const claim: Claim = {
      tokens: runner.mostTokens?.(promptTokens) ?? null,
      costUsd: runner.mostCost?.(promptTokens) ?? null,
    };
    // What one stage asks is much alike.
    const kind = `${role} ${runner.name}`;
    const most = this.#most(kind, claim);
    this.#held.add(most);
    try {
      const reply = await send();
      this.#learn(kind, claim, reply.usage);
      return reply;
    } catch (thrown) {
      if (thrown instanceof RunnerError) this.#learn(kind, claim, thrown.usage);
      throw thrown;
    } finally {
      this.#held.delete(most);
      this.#wake();
    }
  }

  /**
   * Lets no further call through and waits for those under way, as they are paid for: a stage that failed by one may
   * have left others. Until `now` aborts.
   */
  async close(now: AbortSignal): Promise<void> {
    this.#isClosed = true;
    this.#wake();
    now.addEventListener("abort", () => this.#wake(), { once: true });
    while (this.#held.size > 0 && !now.aborted) await this.#change();
  }

  #change(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const wake of waiting) wake();
  }

  #refuse(isMore: boolean): void {
    if (this.#isClosed) throw new Interrupted("drain");
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

  /** Of a runner that a stage has not asked yet: all there is, so that it is alone. A server may add a prompt of its own. */
  #most(kind: string, { tokens, costUsd }: Claim): Held {
    const learnt = this.#learnt.get(kind);
    if (!learnt) return { tokens: Number.POSITIVE_INFINITY, costUsd: Number.POSITIVE_INFINITY };
    const { largest, beyond } = learnt;
    return {
      tokens: tokens === null ? largest.tokens * MARGIN : tokens + beyond.tokens,
      costUsd: costUsd === null ? largest.costUsd * MARGIN : costUsd + beyond.costUsd,
    };
  }

  #learn(kind: string, claim: Claim, usage: Usage | undefined): void {
    if (usage === undefined) return;
    const { largest, beyond } = this.#learnt.get(kind) ?? { largest: NOTHING, beyond: NOTHING };
    const { inputTokens, outputTokens, costUsd = 0 } = usage;
    const tokens = inputTokens + outputTokens;
    this.#learnt.set(kind, {
      largest: larger(largest, { tokens, costUsd }),
      beyond: larger(beyond, {
        tokens: tokens - (claim.tokens ?? tokens),
        costUsd: costUsd - (claim.costUsd ?? costUsd),
      }),
    });
  }
}

const NOTHING: Held = { tokens: 0, costUsd: 0 };

function larger(a: Held, b: Held): Held {
  return { tokens: Math.max(a.tokens, b.tokens), costUsd: Math.max(a.costUsd, b.costUsd) };
}
