import { EXIT, type ExitCode, isAuraError, messageOf } from "../kernel/errors.ts";
import type { BestSoFar } from "../model/run.ts";
import type { Workspace } from "../workspace/workspace.ts";
import { errorDocument } from "./error-document.ts";
import type { JsonFrame } from "./json-frame.ts";
import { foreseen, reportError } from "./report-error.ts";

/** Last words of a command that failed before or while it ran. Answers the exit code. */
export function failed(
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
