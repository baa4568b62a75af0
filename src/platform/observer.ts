import type { Files, ProcessRunner } from "../kernel/effects.ts";
import { systemFiles } from "./files.ts";
import { Identities } from "./process/identity.ts";

/** The machine for those who only look: its files, and who is alive. A fraction of what `systemEffects` loads. */
export function localObserver(): {
  readonly files: Files;
  readonly processes: Pick<ProcessRunner, "isAlive" | "self">;
} {
  const identities = new Identities();
  return {
    files: systemFiles(),
    processes: { self: identities.self, isAlive: (identity) => identities.isAlive(identity) },
  };
}
