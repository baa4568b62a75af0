import type { StageContext } from "../../kernel/context.ts";
import { RunnerError } from "../../kernel/errors.ts";
import type { Runner, RunnerReply } from "../../kernel/ports.ts";
import type { Role } from "../../model/call.ts";
import type { HypothesisId } from "../../model/ids.ts";
import { defined } from "../../model/json.ts";
import { clipLines, fence, promptLine } from "../../text/printable.ts";

/** An unusable reply is followed by at most two more asks. */
const MAX_ASKS = 3;

export type Reading<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly reason: string };

/** What came of asking: the value, or the last reason why there is none and how many replies there were. */
export type Answer<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly reason: string; readonly asks: number };

export interface Question<T> {
  readonly runner: Runner;
  readonly role: Role;
  readonly prompt: string;
  readonly hypothesisId?: HypothesisId;
  readonly part?: string;
  /** What the reply has to be, as the reminder after an unusable one says it: `a JSON list of …`. */
  readonly expected: string;
  /** Makes sense of a reply, or says why it cannot. */
  readonly read: (reply: RunnerReply) => Reading<T>;
}

/**
 * Asks until a reply is of use, at most `MAX_ASKS` times and only while the run's budgets last; each further ask carries
 * the reply before it and what was wrong with it. The last reason when none was, and the number of asks.
 */
export async function askUntilUsable<T>(ctx: Pick<StageContext, "calls">, question: Question<T>): Promise<Answer<T>> {
  const { runner, role, hypothesisId, part } = question;
  let prompt = question.prompt;
  let reason = "";
  for (let ask = 1; ask <= MAX_ASKS; ask++) {
    const about = {
      ...defined({ hypothesisId, part }),
    };
    let reply: RunnerReply;
    try {
      reply = await ctx.calls.ask({ runner, role, prompt, ask, ...about });
    } catch (thrown) {
      if (ask === 1 || !(thrown instanceof RunnerError) || thrown.problem !== "budget") throw thrown;
      return { ok: false, reason: `${reason}; ${thrown.message}`, asks: ask - 1 };
    }
    const reading = reply.unusable === undefined ? question.read(reply) : unusable(reply.unusable);
    if (reading.ok) return reading;
    reason = reading.reason;
    prompt = `${question.prompt}\n\n${reminder(reply.content, reason, question.expected)}`;
  }
  return { ok: false, reason, asks: MAX_ASKS };
}

function unusable(reason: string): { readonly ok: false; readonly reason: string } {
  return { ok: false, reason };
}

/** How many replies were of no use, before what was wrong with the last: `3 replies; the last`. */
export function inReplies(asks: number): string {
  return asks === 1 ? "its one reply" : `${asks} replies; the last`;
}

function reminder(content: string, reason: string, expected: string): string {
  const reply = fence(clipLines(content, 2000));
  return [
    reply === "" ? "Your previous reply was empty." : `Your previous reply was:\n\n${reply}`,
    `It could not be used: ${promptLine(reason, 2000)}`,
    `Reply again, with ${expected} and nothing else.`,
  ].join("\n\n");
}
