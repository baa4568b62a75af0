import { dirname, sep } from "node:path";
import { fileURLToPath } from "node:url";
import {
  type Diagnostic,
  ERROR_CODES,
  type ErrorCode,
  EXIT,
  type FailureCode,
  isAuraError,
  messageOf,
  RunFailedError,
  SpecError,
  StorageError,
  UsageError,
  WorkspaceError,
} from "../kernel/errors.ts";
import { formatDiagnostics } from "../spec/diagnostics.ts";
import { terminalText } from "../text/printable.ts";
import { shellWord } from "../text/shell.ts";
import type { Workspace } from "../workspace/workspace.ts";
import type { ErrorOutput } from "./outputs/shared.ts";
import type { Cut } from "./signals.ts";
import { asTyped } from "./typed.ts";

/** Says on stderr what went wrong, and gives the exit code for it. Errors AURA did not foresee come with their stack. */
export function reportError(thrown: unknown): FailureCode {
  const known = foreseen(thrown);
  process.stderr.write(`aura: ${errorText(known)}\n`);
  return isAuraError(known) ? known.exitCode : EXIT.failed;
}

/** The error itself, or in its place the one that says what the system has refused. */
export function foreseen(thrown: unknown): unknown {
  const isGone = thrown instanceof Error && "syscall" in thrown && thrown.syscall === "uv_cwd";
  if (!isGone) return thrown;
  return new UsageError(
    "the folder that this command was started in is gone: change to one that is there, and start it again",
  );
}

/** What is said of an error. Messages may quote what a model or a trial wrote: nothing in them may act on the terminal. */
function errorText(thrown: unknown): string {
  if (isAuraError(thrown)) {
    const place = thrown instanceof RunFailedError ? userPlace(thrown.cause) : null;
    const at = place === null || thrown.message.includes(place) ? "" : `\n  at ${place}`;
    return asTyped(terminalText(`${thrown.message}${at}`));
  }
  const stack = thrown instanceof Error ? (thrown.stack ?? thrown.message) : messageOf(thrown);
  return `unexpected error, please report it\n${terminalText(stack)}`;
}

/** What `--json` tells of an error: the words are those on standard error. */
export function errorDocument(raised: unknown): ErrorOutput {
  const thrown = foreseen(raised);
  const [message = "", ...details] = errorText(thrown).split("\n");
  return {
    error: {
      code: codeOf(thrown),
      exitCode: isAuraError(thrown) ? thrown.exitCode : EXIT.failed,
      message,
      details: details.length === 0 ? null : details.join("\n").trim(),
      file: fileOf(thrown),
      diagnostics: thrown instanceof SpecError ? thrown.diagnostics : [],
    },
  };
}

function codeOf(thrown: unknown): ErrorCode {
  const code = isAuraError(thrown) ? thrown.code : null;
  return ERROR_CODES.find((known) => known === code) ?? "INTERNAL_ERROR";
}

function fileOf(thrown: unknown): string | null {
  if (thrown instanceof StorageError) return thrown.path;
  return thrown instanceof WorkspaceError ? (thrown.file ?? null) : null;
}

/** What is to be said of a command that was cut off, where it came from, and how to go on. */
export function cutOff(cut: Cut, workspace: Pick<Workspace, "root" | "hasRun"> | null): Error {
  const place = userPlace(cut.kind === "error" ? cut.thrown : new Error());
  // Without a place in a module of the user's it may be AURA's own, and its stack is what a report needs.
  if (cut.kind === "error" && place === null && cut.thrown instanceof Error) return cut.thrown;
  const where = place === null || cut.kind === "idle" ? "" : `\n  at ${place}`;
  const go = workspace?.hasRun()
    ? `\nwhat was recorded is kept; go on with: aura resume ${shellWord(workspace.root)}`
    : "";
  return new RunFailedError(`${what(cut)}${where}${go}`, cut.kind === "error" ? { cause: cut.thrown } : {});
}

function what(cut: Cut): string {
  if (cut.kind === "error") {
    return `an error that nothing catches was thrown by a component or what it started: ${messageOf(cut.thrown)}`;
  }
  if (cut.kind === "stopped") return "ended at once, before all that ran had come to its end";
  return cut.kind === "exit"
    ? "a component ended AURA's process with process.exit before the command was done; throw an error instead"
    : "the command cannot go on: it waits for something that can never come, such as a promise of a component's that is never settled";
}

/** Where a user's code threw an error: the innermost place that is neither Node's nor AURA's, as `file:line:column`. */
export function userPlace(thrown: unknown): string | null {
  const stack = thrown instanceof Error ? (thrown.stack ?? "") : "";
  const own = dirname(dirname(fileURLToPath(import.meta.url))) + sep;
  for (const line of stack.split("\n")) {
    const place = /^\s+at (?:.*\()?(?:file:\/\/)?(\/[^()]*:\d+:\d+)\)?$/.exec(line)?.[1];
    if (place !== undefined && !place.startsWith(own) && !place.includes(`${sep}node_modules${sep}`)) return place;
  }
  return null;
}

/** Prints what is odd about a spec without being wrong, on stderr. */
export function showWarnings(warnings: readonly Diagnostic[]): void {
  if (warnings.length > 0)
    process.stderr.write(
      `${formatDiagnostics(warnings)
        .replace(/^/gm, "warning: ")
        .replace(/^warning: $/gm, "")}\n`,
    );
}
