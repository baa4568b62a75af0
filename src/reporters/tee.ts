import type { EventSink } from "../kernel/events.ts";

/**
 * One sink that hands each event to all of `sinks`, in order. A sink that throws gets no further events;
 * `onDropped` hears of it once, with its place in `sinks`, and the others go on.
 */
export function createTee(
  sinks: readonly EventSink[],
  onDropped: (error: unknown, index: number) => void = () => undefined,
): EventSink {
  const live = new Map(sinks.entries());
  return (event) => {
    for (const [index, sink] of [...live]) {
      try {
        sink(event);
      } catch (error) {
        live.delete(index);
        onDropped(error, index);
      }
    }
  };
}
