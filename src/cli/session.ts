import type { Effects } from "../kernel/effects.ts";
import { EXIT, type ExitCode, isAuraError, messageOf, SpecError } from "../kernel/errors.ts";
import type { BestSoFar } from "../model/run.ts";
import { systemEffects } from "../platform/system.ts";
import type { Workspace } from "../workspace/workspace.ts";
import { cutOff, errorDocument, foreseen, reportError } from "./errors.ts";
import { assertRequirement, graceOf, type RunFlags } from "./flags.ts";
import { type JsonFrame, openFrame, ownStdout } from "./output.ts";
import { type Cut, isAbort, ownSignals, type SignalOwner } from "./signals.ts";

/** What a command that runs a loop works with. */
export interface Session {
  readonly effects: Effects;
  readonly flags: RunFlags;
  readonly signals: SignalOwner;
  /** The JSON lines on stdout, with `--json`. */
  readonly frame: JsonFrame | null;
  /** Tells the session its workspace, for its last words. */
  use(workspace: Workspace): void;
  /** Adds something to let go of should the command be cut off. Has to be done when it returns. */
  onCutOff(letGo: () => void): void;
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
  using output = flags.json ? ownStdout((text) => void process.stderr.write(text)) : null;
  const frame = output ? openFrame(output.write, () => new Date(), place) : null;
  const effects = systemEffects();
  let workspace: Workspace | null = null;
  const held: (() => void)[] = [];
  const killAll = (): void => effects.processes.killAll();
  const lastWords = (cut: Cut, stopped: ExitCode | null): ExitCode => {
    killAll();
    workspace?.abandon();
    for (const letGo of held) letGo();
    return failed(cutOff(cut, workspace), frame, workspace, stopped);
  };
  try {
    using signals = ownSignals({ graceMs: graceOf(flags), hasTerminal: hasTerminal(), killAll, lastWords });
    const use = (used: Workspace): void => {
      workspace = used;
    };
    const strayed = (): Error | null => {
      const stray = signals.stray();
      return stray && cutOff({ kind: "error", ...stray }, workspace);
    };
    try {
      assertRequirement(flags.require);
      if (flags.workspace?.trim() === "")
        throw new SpecError("--workspace is empty; give it the folder for the results");
      const code = await action({ effects, flags, signals, frame, use, onCutOff: (letGo) => void held.push(letGo) });
      const stray = strayed();
      return stray === null ? code : failed(stray, frame, workspace, null);
    } catch (thrown) {
      return failed(strayed() ?? thrown, frame, workspace, isAbort(thrown) ? signals.exitCode() : null);
    }
  } catch (thrown) {
    return failed(thrown, frame, workspace, null);
  } finally {
    killAll();
  }
}

function hasTerminal(): boolean {
  return [process.stdin, process.stdout, process.stderr].some(({ isTTY }) => isTTY);
}

/** Last words of a command that failed before or while it ran. Answers the exit code. */
function failed(
  raised: unknown,
  frame: JsonFrame | null,
  workspace: Workspace | null,
  stopped: ExitCode | null,
): ExitCode {
  const thrown = foreseen(raised);
  const code = stopped ?? reportError(thrown);
  const reason = code === EXIT.paused ? "paused" : stopped === null ? "error" : "interrupted";
  const error = stopped === null ? errorDocument(thrown) : {};
  frame?.finish({ exitCode: code, reason, best: bestOfRun(workspace), message: messageOf(thrown), ...error });
  return code;
}

function bestOfRun(workspace: Workspace | null): BestSoFar | null {
  try {
    return workspace?.hasRun() ? (workspace.readManifest()?.best ?? null) : null;
  } catch (unreadable) {
    if (isAuraError(unreadable)) return null;
    throw unreadable;
  }
}
