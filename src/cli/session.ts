import { setFlagsFromString } from "node:v8";
import type { Effects } from "../kernel/effects.ts";
import { systemEffects } from "../platform/system.ts";
import type { Workspace } from "../workspace/workspace.ts";
import { failed } from "./failed.ts";
import { graceOf } from "./grace.ts";
import { type JsonFrame, openFrame } from "./json-frame.ts";
import type { RunFlags } from "./run-flags.ts";
import { ownSignals, type SignalOwner } from "./signals.ts";

/** What a command that runs a loop works with. */
export interface Session {
  readonly effects: Effects;
  readonly flags: RunFlags;
  readonly signals: SignalOwner;
  /** The JSON lines on stdout, with `--json`. */
  readonly frame: JsonFrame | null;
  /** Tells the session its workspace, for its last words. */
  use(workspace: Workspace): void;
}

/**
 * Conducts a command that runs a loop: frames its output, owns the signals, turns errors into messages and exit codes,
 * and leaves no process behind.
 */
export async function inSession(
  flags: RunFlags,
  place: string | null,
  action: (session: Session) => Promise<number>,
): Promise<number> {
  keepHeapSmall();
  const frame = flags.json
    ? openFrame(
        (line) => void process.stdout.write(line),
        () => new Date(),
        place,
      )
    : null;
  const effects = systemEffects();
  let workspace: Workspace | null = null;
  const killAll = (): void => effects.processes.killAll();
  try {
    using signals = ownSignals({ graceMs: graceOf(flags), killAll });
    const use = (used: Workspace): void => {
      workspace = used;
    };
    try {
      return await action({ effects, flags, signals, frame, use });
    } catch (thrown) {
      const stopped = signals.exitCode();
      return failed(thrown, frame, workspace, stopped !== null && isAbort(thrown) ? stopped : null);
    }
  } catch (thrown) {
    return failed(thrown, frame, workspace, null);
  } finally {
    killAll();
  }
}

/**
 * Starting a process copies this one's page tables, so every megabyte makes every trial start later: the young
 * generation of the heap, which would grow to 48 MB, stays at its first size, and the old one is collected before it has
 * grown by more than a fifth.
 */
function keepHeapSmall(): void {
  setFlagsFromString("--semi-space-growth-factor=1");
  setFlagsFromString("--heap-growing-percent=20");
}

/** Whether an error is what a stop does to whatever is waiting, or was caused by that. */
function isAbort(thrown: unknown): boolean {
  if (!(thrown instanceof Error)) return false;
  return thrown.name === "AbortError" || thrown.name === "Interrupted" || isAbort(thrown.cause);
}
