import type { Clock, Files, ProcessRunner } from "../kernel/effects.ts";
import { systemClock } from "./clock.ts";
import { systemFiles } from "./files/local.ts";
import { Identities } from "./process/proc-fs.ts";

/** The machine for those who only look: its files, who is alive, and what time it is. A fraction of what `systemEffects` loads. */
export function localObserver(): {
  readonly files: Files;
  readonly processes: Pick<ProcessRunner, "isAlive" | "self">;
  readonly clock: Pick<Clock, "now">;
} {
  const identities = new Identities();
  return {
    files: systemFiles(),
    processes: { self: identities.self, isAlive: (identity) => identities.isAlive(identity) },
    clock: systemClock(),
  };
}
