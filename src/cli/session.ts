import type { Effects } from "../kernel/effects.ts";
import { type Diagnostic, EXIT, type ExitCode, isAuraError, messageOf, SpecError } from "../kernel/errors.ts";
import type { AuraEvent, Emit } from "../kernel/events.ts";
import type { BestView } from "../model/views.ts";
import { createEmitter } from "../pipeline/emitter.ts";
import { systemEffects } from "../platform/system.ts";
import { plainFields, plainLine } from "../reporters/plain-fields.ts";
import { bestView } from "../workspace/views/queries.ts";
import type { Workspace } from "../workspace/workspace.ts";
import { cutOff, errorDocument, foreseen, reportError, showWarnings } from "./errors.ts";
import { assertRequirement, graceOf, type RunFlags } from "./flags.ts";
import { type JsonFrame, jobOfCommand, openFrame, ownStdout } from "./output.ts";
import type { RunEnding } from "./outputs/events.ts";
import { type Cut, isAbort, ownSignals, type SignalOwner } from "./signals.ts";

/** What a command that runs a loop works with. */
export interface Session {
  readonly effects: Effects;
  readonly flags: RunFlags;
  readonly signals: SignalOwner;
  /** The JSON lines on stdout, with `--json`. */
  readonly frame: JsonFrame | null;
  /** Tells of what happens before the run is there. */
  readonly early: Emit;
  /** Says what is odd about the spec without being wrong. */
  warn(warnings: readonly Diagnostic[]): void;
  /** Tells once how the run ended to whatever reads that: the JSON lines, the CI job. */
  finish(end: RunEnding): void;
  /** Tells the session its workspace, for its last words. */
  use(workspace: Workspace): void;
  /** Adds something to let go of should the command be cut off. Has to be done when it returns. */
  onCutOff(letGo: () => void): void;
}

function toStderr(event: AuraEvent): void {
  const described = plainFields(event);
  if (described) process.stderr.write(`${plainLine(event.at, described.level, event.type, described.fields)}\n`);
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
  using job = await jobOfCommand();
  const frame = output ? openFrame(output.write, () => new Date(), place) : null;
  const effects = systemEffects();
  const { emit: early, subscribe } = createEmitter(effects.clock);
  if (frame) subscribe(frame.sink);
  else if (flags.reporter !== "silent") subscribe(toStderr);
  let workspace: Workspace | null = null;
  const held: (() => void)[] = [];
  let isTold = false;
  const finish = (end: RunEnding): void => {
    if (isTold) return;
    isTold = true;
    frame?.finish(end);
    job?.finish(end, workspace);
  };
  /** Last words of a command that failed before or while it ran. Answers the exit code. */
  const failed = (raised: unknown, stopped: ExitCode | null): ExitCode => {
    const thrown = foreseen(raised);
    const code = stopped ?? reportError(thrown);
    const reason = code === EXIT.paused ? "paused" : stopped === null ? "error" : "interrupted";
    const error = stopped === null ? errorDocument(thrown) : {};
    finish({ exitCode: code, reason, best: bestOfRun(workspace), message: messageOf(thrown), ...error });
    return code;
  };
  const killAll = (): void => effects.processes.killAll();
  const lastWords = (cut: Cut, stopped: ExitCode | null): ExitCode => {
    killAll();
    workspace?.abandon();
    for (const letGo of held) letGo();
    const end = cutOff(cut, workspace);
    if (stopped !== null && flags.reporter !== "silent") process.stderr.write(`${end.message}\n`);
    return failed(end, stopped);
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
      const warn = (warnings: readonly Diagnostic[]): void => {
        showWarnings(warnings);
        job?.annotate("warning", warnings);
      };
      const onCutOff = (letGo: () => void): void => void held.push(letGo);
      const code = await action({ effects, flags, signals, frame, early, warn, finish, use, onCutOff });
      const stray = strayed();
      return stray === null ? code : failed(stray, null);
    } catch (thrown) {
      return failed(strayed() ?? thrown, isAbort(thrown) ? signals.exitCode() : null);
    }
  } catch (thrown) {
    return failed(thrown, null);
  } finally {
    killAll();
  }
}

function hasTerminal(): boolean {
  return [process.stdin, process.stdout, process.stderr].some(({ isTTY }) => isTTY);
}

/** The best of a run as far as it can be read. */
export function bestOfRun(workspace: Workspace | null): BestView | null {
  try {
    if (!workspace?.hasRun()) return null;
    return bestView(workspace, workspace.readManifest()?.best ?? null);
  } catch (unreadable) {
    if (isAuraError(unreadable)) return null;
    throw unreadable;
  }
}
