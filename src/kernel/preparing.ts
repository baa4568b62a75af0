import type { Clock } from "./effects.ts";
import type { Emit } from "./events.ts";

/**
 * Does something that may take minutes, before the run begins, and tells when it begins and when it is done. `what`: in a
 * few words, such as `environment venv`.
 */
export async function preparing<T>(
  what: string,
  work: () => Promise<T>,
  { emit, clock }: { readonly emit?: Emit | undefined; readonly clock: Pick<Clock, "monotonic"> },
): Promise<T> {
  const from = clock.monotonic();
  emit?.({ type: "preparation.started", what });
  const made = await work();
  emit?.({ type: "preparation.finished", what, durationMs: Math.round(clock.monotonic() - from) });
  return made;
}
