import type { Clock } from "../kernel/effects.ts";
import { messageOf } from "../kernel/errors.ts";
import type { AuraEvent, AuraEventBody, Emit, EventSink } from "../kernel/events.ts";
import { createRedactor, type Redactor } from "../kernel/redact.ts";

/** Numbers events, stamps them and hands them to sinks in order. */
export interface Emitter {
  readonly emit: Emit;
  /** Adds an observer; the returned function takes it away. */
  subscribe(sink: EventSink): () => void;
}

/** An emitter whose observers cannot change the run: one that throws is dropped, and the others are told once. */
export function createEmitter(clock: Clock, hide: Redactor = createRedactor([])): Emitter {
  const sinks = new Set<EventSink>();
  let seq = 0;

  const emit = (body: AuraEventBody): void => {
    const event: AuraEvent = { ...redacted(body, hide), at: clock.now().toISOString(), seq: seq++ };
    const broken: string[] = [];
    for (const sink of sinks) {
      try {
        sink(event);
      } catch (thrown) {
        sinks.delete(sink);
        broken.push(messageOf(thrown));
      }
    }
    for (const message of broken)
      emit({ type: "warning", code: "sink-failed", message: `an observer failed and was dropped: ${message}` });
  };

  return {
    emit,
    subscribe(sink) {
      sinks.add(sink);
      return () => sinks.delete(sink);
    },
  };
}

/** What an event says in AURA's own words; the records in it are clean already. */
function redacted(event: AuraEventBody, { text, record }: Redactor): AuraEventBody {
  switch (event.type) {
    case "run.started":
      return { ...event, run: { ...event.run, goal: text(event.run.goal) } };
    case "warning":
      return { ...event, message: text(event.message) };
    case "trial.output":
      return { ...event, line: text(event.line) };
    case "call.failed":
      return { ...event, failure: record(event.failure) };
    case "run.finished":
      return event.message === undefined ? event : { ...event, message: text(event.message) };
    default:
      return event;
  }
}
