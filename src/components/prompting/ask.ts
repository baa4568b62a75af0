import type { StageContext } from "../../kernel/context.ts";
import type { Runner, RunnerReply } from "../../kernel/ports.ts";
import type { Role } from "../../model/call.ts";
import type { HypothesisId } from "../../model/ids.ts";
import { clipLines, fence, oneLine } from "./text.ts";

/** An unusable reply is followed by at most two more asks. */
export const MAX_ASKS = 3;

export type Reading<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly reason: string };

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
 * Asks until a reply is of use, at most `MAX_ASKS` times; each further ask carries the reply before it and what was
 * wrong with it. The last reason when none was.
 */
export async function askUntilUsable<T>(ctx: Pick<StageContext, "calls">, question: Question<T>): Promise<Reading<T>> {
  const { runner, role, hypothesisId, part } = question;
  let prompt = question.prompt;
  let reason = "";
  for (let ask = 1; ask <= MAX_ASKS; ask++) {
    const reply = await ctx.calls.ask({
      runner,
      role,
      prompt,
      ask,
      ...(hypothesisId === undefined ? {} : { hypothesisId }),
      ...(part === undefined ? {} : { part }),
    });
    const reading = question.read(reply);
    if (reading.ok) return reading;
    reason = reading.reason;
    prompt = `${question.prompt}\n\n${reminder(reply.content, reason, question.expected)}`;
  }
  return { ok: false, reason };
}

function reminder(content: string, reason: string, expected: string): string {
  const reply = fence(clipLines(content, 2000));
  return [
    reply === "" ? "Your previous reply was empty." : `Your previous reply was:\n\n${reply}`,
    `It could not be used: ${oneLine(reason, 2000)}`,
    `Reply again, with ${expected} and nothing else.`,
  ].join("\n\n");
}
