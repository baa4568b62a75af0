import type { StageContext } from "../../kernel/context.ts";
import { RunnerError } from "../../kernel/errors.ts";
import type { Judged, Runner, RunnerReply } from "../../kernel/ports.ts";
import type { Role } from "../../model/call.ts";
import type { HypothesisId } from "../../model/ids.ts";
import { defined, type JsonValue } from "../../model/json.ts";
import { clipLines, fence, promptLine } from "../../text/printable.ts";

/** An unusable reply is followed by at most two more asks. */
const MAX_ASKS = 3;

/** `again`: something of the reply was taken, and this, after the prompt, asks for the rest. */
export type Reading<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly reason: string; readonly again?: string };

/** What came of asking: the value, or the last reason why there is none, how many replies there were and the last of them. */
export type Answer<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly reason: string; readonly asks: number; readonly said: string };

export interface Question<T> {
  readonly runner: Runner;
  readonly role: Role;
  readonly prompt: string;
  readonly hypothesisId?: HypothesisId;
  readonly part?: string;
  /** What is judged, as data. */
  readonly judged?: Judged;
  /** What the reply has to be, as the reminder after an unusable one says it: `a JSON list of …`. */
  readonly expected: string;
  /** Makes sense of a reply, or says why it cannot. */
  readonly read: (reply: string | JsonValue) => Reading<T>;
  /** Is told of a reply that its runner could make nothing of. */
  readonly unusable?: (reason: string) => void;
}

/**
 * Asks until a reply is of use, at most `MAX_ASKS` times and only while the run's budgets last; each further ask carries
 * the reply before it and what was wrong with it, or asks for what is missing. The last reason when none was, and the
 * number of asks.
 */
export async function askUntilUsable<T>(
  ctx: Pick<StageContext, "calls" | "signal">,
  question: Question<T>,
): Promise<Answer<T>> {
  const { runner, role, hypothesisId, part } = question;
  let prompt = question.prompt;
  let reason = "";
  let said = "";
  let again: string | undefined;
  for (let ask = 1; ask <= MAX_ASKS; ask++) {
    let reply: RunnerReply;
    try {
      const because = ask === 1 ? undefined : reason;
      reply = await ctx.calls.ask({
        runner,
        role,
        prompt,
        ask,
        ...question.judged,
        ...defined({ hypothesisId, part, because }),
      });
    } catch (thrown) {
      if (ask === 1 || !isOfOneCall(thrown) || ctx.signal.aborted) throw thrown;
      return { ok: false, reason: `${reason}; ${thrown.message}`, asks: ask - 1, said };
    }
    if (reply.unusable !== undefined) question.unusable?.(reply.unusable);
    const reading: Reading<T> =
      reply.unusable === undefined
        ? question.read(reply.structured ?? reply.content)
        : { ok: false, reason: reply.unusable };
    if (reading.ok) return reading;
    reason = reading.reason;
    said = reply.content;
    again = reading.again ?? again;
    const parts = [
      question.prompt,
      again,
      reading.again ? undefined : reminder(reply.content, reason, question.expected),
    ];
    prompt = parts.filter((part) => part !== undefined).join("\n\n");
  }
  return { ok: false, reason, asks: MAX_ASKS, said };
}

/** A command that failed this time, or one too many; a provider that cannot be reached is not a matter of one call. */
export function isOfOneCall(thrown: unknown): thrown is RunnerError {
  return thrown instanceof RunnerError && ["failed", "unusable-reply", "budget"].includes(thrown.problem);
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
