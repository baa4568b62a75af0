import type { CallRequest, Calls } from "../kernel/context.ts";
import { TimeoutReached } from "../kernel/effects.ts";
import { isAuraError, messageOf, RunnerError } from "../kernel/errors.ts";
import type { Emit } from "../kernel/events.ts";
import { Interrupted } from "../kernel/interrupted.ts";
import type { RunnerReply } from "../kernel/ports.ts";
import type { CallRecord, Usage } from "../model/call.ts";
import { iterationName } from "../model/ids.ts";
import { defined } from "../model/json.ts";
import { CHARACTERS_PER_TOKEN } from "../model/units.ts";
import { sha256Of } from "../platform/files/hash.ts";
import { processRecord } from "./leftovers.ts";
import type { Loop } from "./loop-parts.ts";

/** Of the requests of a call that came to nothing. */
const KEPT_TRIES = 20;

/** Of a failed call's reply, from its beginning and from its end. */
const KEPT_CHARACTERS = 32 * 1024;

/**
 * Sends each question once: the prompt is on disk before it leaves, the reply before it is used, and a question that
 * already has a recorded reply is answered from the record.
 */
export function createCalls(loop: Loop, iteration: number): Calls {
  return {
    async ask(request) {
      const id = callId(request, iteration);
      const promptHash = sha256Of(request.prompt);
      const known = loop.workspace.readCall(iteration, id);
      if (known?.state === "finished" && known.promptHash === promptHash) return reuse(known, loop.run.emit);
      await loop.requests.going(loop.stopping);
      const isMore = request.ask > 1 || request.additional === true;
      return loop.caps.within({ ...request, isMore }, () => {
        const started: StartedCall = {
          id,
          role: request.role,
          iteration,
          ...defined({ hypothesisId: request.hypothesisId }),
          ask: request.ask,
          runner: request.runner.name,
          ...defined({ model: request.runner.model }),
          prompt: loop.hide.text(request.prompt),
          promptHash,
          attempts: (known?.attempts ?? 0) + 1,
          ...defined({ failedTries: known?.failedTries }),
          startedAt: loop.run.effects.clock.now().toISOString(),
          state: "started",
        };
        loop.workspace.writeCall(started);
        const { role, because } = request;
        loop.run.emit({ type: "call.started", callId: id, role, iteration, ...defined({ because }) });
        return send(request, started, loop);
      });
    },
  };
}

function callId(request: CallRequest, iteration: number): string {
  const about = request.hypothesisId ?? `i${iterationName(iteration)}`;
  const part = request.part === undefined ? "" : `-${request.part}`;
  return `${about}-${request.role}${part}-a${request.ask}`;
}

function reuse(call: Extract<CallRecord, { state: "finished" }>, emit: Emit): RunnerReply {
  const { id, role, durationMs, response, structured, unusable, usage, model } = call;
  emit({ type: "call.finished", callId: id, role, ...defined({ usage }), durationMs, reused: true });
  return { content: response, ...defined({ structured, unusable, usage, model }) };
}

async function send(request: CallRequest, asked: StartedCall, loop: Loop): Promise<RunnerReply> {
  const { clock } = loop.run.effects;
  using _ = loop.spending.running();
  using deadline = request.timeoutMs === undefined ? undefined : clock.deadline(request.timeoutMs);
  let started = asked;
  const from = clock.monotonic();
  const ending = () => ({ endedAt: clock.now().toISOString(), durationMs: Math.round(clock.monotonic() - from) });
  let reply: RunnerReply;
  try {
    reply = await request.runner.run(
      {
        prompt: request.prompt,
        role: request.role,
        iteration: started.iteration,
        ...defined({ hypothesisId: request.hypothesisId, part: request.part }),
        ...defined({ task: request.task, output: request.output, trajectory: request.trajectory }),
        ask: request.ask,
        cwd: request.cwd ?? loop.run.settings.root,
      },
      {
        signal: deadline ? AbortSignal.any([loop.run.signal, deadline.signal]) : loop.run.signal,
        stopping: loop.stopping,
        warn: (code, message) =>
          loop.run.emit({ type: "warning", code, message, ...defined({ hypothesisId: request.hypothesisId }) }),
        marker: `${loop.run.mark}call/${loop.run.effects.token(8)}`,
        started: (identity) => {
          // Not flushed: what makes a machine forget it ends the process, too.
          loop.workspace.writeCall({ ...started, ...processRecord(identity, loop.workspace) }, { durable: false });
        },
        tried: (attempt) => {
          deadline?.[Symbol.dispose]();
          const told = { ...attempt, reason: loop.hide.text(attempt.reason) };
          started = { ...started, failedTries: [...(started.failedTries ?? []), told].slice(-KEPT_TRIES) };
          loop.workspace.writeCall(started, { durable: false });
        },
      },
    );
  } catch (caught) {
    if (loop.run.signal.aborted) throw caught;
    const thrown: unknown = deadline?.signal.aborted ? deadline.signal.reason : caught;
    fail(thrown, { ...started, ...ending() }, request.prompt, loop);
    if (loop.stopping.aborted && thrown instanceof RunnerError && thrown.problem === "unavailable")
      throw new Interrupted("drain");
    throw isAuraError(thrown)
      ? thrown
      : new RunnerError("failed", `${request.runner.name}: ${messageOf(thrown)}`, { cause: thrown });
  }
  const end = ending();
  const { content, structured, unusable, model } = reply;
  const usage = usageOf(request.prompt, reply);
  loop.workspace.writeCall({
    ...started,
    state: "finished",
    ...defined({ model }),
    response: content,
    ...defined({ structured, unusable, usage }),
    ...end,
  });
  loop.spending.called(usage);
  const { id, role } = started;
  const { durationMs } = end;
  loop.run.emit({ type: "call.finished", callId: id, role, ...defined({ usage }), durationMs, reused: false });
  return { ...reply, usage };
}

/** Where a runner tells no token counts they are estimated from the texts, and marked: no cap on tokens is blind. */
function usageOf(prompt: string, { content, usage }: RunnerReply): Usage {
  if (usage && usage.inputTokens + usage.outputTokens > 0) return usage;
  const tokens = (text: string): number => Math.ceil(text.length / CHARACTERS_PER_TOKEN);
  const { costUsd } = usage ?? {};
  return { inputTokens: tokens(prompt), outputTokens: tokens(content), ...defined({ costUsd }), estimated: true };
}

const NOTHING = { usage: undefined, reply: undefined, problem: undefined };

type StartedCall = Extract<CallRecord, { state: "started" }>;
type Failed = Extract<CallRecord, { state: "failed" }>;

/** Records why a call failed, what came of it all the same, and what that cost. */
function fail(thrown: unknown, ended: Omit<Failed, "state" | "failure">, prompt: string, loop: Loop): void {
  const { usage: told, reply, problem } = thrown instanceof RunnerError ? thrown : NOTHING;
  // An agent that failed in the middle of its work tells no counts, and was paid; so is a prompt that was cut short.
  const written = thrown instanceof TimeoutReached ? "" : problem === "failed" ? reply : undefined;
  const usage = told ?? (written === undefined ? undefined : usageOf(prompt, { content: written }));
  const failure = { code: isAuraError(thrown) ? thrown.code : "runner-failed", message: messageOf(thrown) };
  const response = reply === undefined ? undefined : withoutMiddle(loop.hide.text(reply));
  loop.workspace.writeCall({ ...ended, state: "failed", failure, ...defined({ response, usage }) });
  if (usage !== undefined) loop.spending.called(usage);
  const { id: callId, role } = ended;
  loop.run.emit({ type: "call.failed", callId, role, failure, ...defined({ usage }), retrying: false });
}

/** A reply that is of no use is kept to be looked at, not to be read whole. */
function withoutMiddle(text: string): string {
  if (text.length <= 2 * KEPT_CHARACTERS) return text;
  const left = text.length - 2 * KEPT_CHARACTERS;
  return `${text.slice(0, KEPT_CHARACTERS)}\n[${left} characters left out]\n${text.slice(-KEPT_CHARACTERS)}`;
}
