import { EXIT, type FailureCode, isAuraError, messageOf } from "../kernel/errors.ts";

/** Says on stderr what went wrong, and gives the exit code for it. Errors AURA did not foresee come with their stack. */
export function reportError(thrown: unknown): FailureCode {
  process.stderr.write(`aura: ${errorText(thrown)}\n`);
  return isAuraError(thrown) ? thrown.exitCode : EXIT.failed;
}

/** What is said of an error. Messages may quote what a model or a trial wrote: nothing in them may act on the terminal. */
export function errorText(thrown: unknown): string {
  if (isAuraError(thrown)) return visible(thrown.message);
  const stack = thrown instanceof Error ? (thrown.stack ?? thrown.message) : messageOf(thrown);
  return `unexpected error, please report it\n${visible(stack)}`;
}

function visible(text: string): string {
  return text.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, "\ufffd");
}
