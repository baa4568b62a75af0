import { EXIT, type FailureCode, isAuraError, messageOf, UsageError } from "../kernel/errors.ts";
import { terminalText } from "../text/printable.ts";

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
export function errorText(thrown: unknown): string {
  if (isAuraError(thrown)) return terminalText(thrown.message);
  const stack = thrown instanceof Error ? (thrown.stack ?? thrown.message) : messageOf(thrown);
  return `unexpected error, please report it\n${terminalText(stack)}`;
}
