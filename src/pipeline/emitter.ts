import type { Clock } from "../kernel/effects.ts";
import { messageOf } from "../kernel/errors.ts";
import type { AuraEvent, AuraEventBody, Emit, EventSink } from "../kernel/events.ts";
import { createRedactor, type Redactor } from "../kernel/redact.ts";
import { redactEvent } from "./redaction.ts";

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
    const event: AuraEvent = { ...redactEvent(body, hide), at: clock.now().toISOString(), seq: seq++ };
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
