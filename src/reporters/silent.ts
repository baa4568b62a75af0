import type { EventSink } from "../kernel/events.ts";

/** A reporter that says nothing. */
export function createSilentReporter(): EventSink {
  return () => undefined;
}
