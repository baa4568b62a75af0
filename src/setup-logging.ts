import type { Clock } from "./kernel/effects.ts";
import type { EventSink } from "./kernel/events.ts";
import {
  assertArgument,
  assertOptions,
  type Expectation,
  FUNCTION,
  isObject,
  objectOf,
} from "./kernel/given-options.ts";
import { systemClock } from "./platform/clock.ts";
import { writeLine } from "./platform/system.ts";
import { createPlainReporter } from "./reporters/plain.ts";

/** Something whose events can be observed, such as a `Pipeline`. */
export interface Observable {
  subscribe(sink: EventSink): () => void;
}

const OBSERVABLE: Expectation = {
  expected: "a Pipeline",
  holds: (value) => isObject(value) && typeof value.subscribe === "function",
};

/**
 * Prints a pipeline's progress, one line an event, as `aura run --reporter plain` does. `write` gets each line without
 * its end (default: standard output). Returns a function that stops it. Without this a pipeline prints nothing.
 */
export function setupLogging(
  pipeline: Observable,
  options: { readonly write?: (line: string) => void; readonly clock?: Clock } = {},
): () => void {
  assertArgument("setupLogging", "pipeline", pipeline, OBSERVABLE);
  assertOptions("setupLogging", options, { write: FUNCTION, clock: objectOf() });
  const reporter = createPlainReporter({ write: options.write ?? writeLine, clock: options.clock ?? systemClock() });
  const unsubscribe = pipeline.subscribe(reporter.sink);
  return () => {
    unsubscribe();
    reporter.stop();
  };
}
