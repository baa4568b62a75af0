import type { Clock, Deadline } from "../kernel/effects.ts";
import { parseJson } from "../model/json.ts";
import { parseDuration } from "../model/units.ts";
import { EndlessReply } from "./llm-reply.ts";

/** What ends a stream of chat completions. */
export const DONE = "[DONE]";

/** What is read of an answer at most, framing and all. */
const MAX_ANSWER_BYTES = 64 * 1024 * 1024;

/** The time that one request may take, and one silence in the middle of its answer. */
export interface RequestLimits {
  readonly timeout: number | string;
  readonly idleTimeout: number | string;
}

/** One request: when it has to end, and the `fetch` that sees to it. */
export interface GuardedRequest extends Disposable {
  /** Aborts with the caller's signal, at the timeout and when the answer stalls. */
  readonly signal: AbortSignal;
  /**
   * Sends it. An answer that stops coming or does not end is an error, and where a server would have it sent elsewhere it
   * does not go: the key is for one address.
   */
  readonly fetch: (input: string | URL | Request, init?: RequestInit) => Promise<Response>;
}

/** A request within its limits; disposing of it calls its timers off. */
export function guardedRequest(limits: RequestLimits, clock: Clock, caller: AbortSignal): GuardedRequest {
  const stalled = new AbortController();
  const deadline = clock.deadline(parseDuration(limits.timeout));
  const signal = AbortSignal.any([caller, deadline.signal, stalled.signal]);
  let silence: Deadline | undefined;
  const heard = (): void => {
    silence?.[Symbol.dispose]();
    const ms = parseDuration(limits.idleTimeout);
    silence = clock.deadline(ms);
    const message = `the answer stalled: nothing more came for ${ms / 1000} s`;
    silence.signal.addEventListener("abort", () => stalled.abort(new Error(message)));
  };
  return {
    signal,
    async fetch(input, init) {
      const answer = await fetch(input, { ...init, redirect: "manual", signal });
      if (answer.body === null) return answer;
      let bytes = 0;
      const counting = new TransformStream<Uint8Array, Uint8Array>({
        transform(chunk, out) {
          heard();
          bytes += chunk.byteLength;
          if (bytes > MAX_ANSWER_BYTES)
            out.error(new EndlessReply(`the answer is longer than ${MAX_ANSWER_BYTES} bytes`));
          else out.enqueue(chunk);
        },
      });
      const { status, statusText, headers } = answer;
      return new Response(answer.body.pipeThrough(counting), { status, statusText, headers });
    },
    [Symbol.dispose]() {
      silence?.[Symbol.dispose]();
      deadline[Symbol.dispose]();
    },
  };
}

/** Whether a body is server-sent events. */
export function isStream(headers: Headers): boolean {
  return /^text\/event-stream\b/i.test(headers.get("content-type") ?? "");
}

/** The data of a stream's server-sent events, one after the other. What is no UTF-8 becomes replacement characters. */
export async function* eventData(body: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  let event: string[] = [];
  for await (const lines of linesOf(body)) {
    for (const line of lines.split("\n")) {
      const isData = line.startsWith("data:");
      if (isData) event.push(line.slice(5).trim());
      // Not every server ends an event with an empty line.
      const isOver = isData ? event.length === 1 && isWhole(event[0]) : line.trim() === "";
      if (!isOver || event.length === 0) continue;
      yield event.join("\n");
      event = [];
    }
  }
  if (event.length > 0) yield event.join("\n");
}

function isWhole(data = ""): boolean {
  return data === DONE || parseJson(data) !== null;
}

/** Text as it comes, but no half of a line before the other. */
async function* linesOf(body: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let held: string[] = [];
  for await (const chunk of body) {
    const text = decoder.decode(chunk, { stream: true });
    const end = text.lastIndexOf("\n");
    held.push(end < 0 ? text : text.slice(0, end));
    if (end < 0) continue;
    yield held.join("");
    held = [text.slice(end + 1)];
  }
  yield held.join("") + decoder.decode();
}
