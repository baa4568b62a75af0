import { EXIT, isAuraError, messageOf } from "../kernel/errors.ts";

/** Says on stderr what went wrong, and gives the exit code for it. Errors AURA did not foresee come with their stack. */
export function reportError(thrown: unknown): number {
  if (isAuraError(thrown)) {
    process.stderr.write(`aura: ${visible(thrown.message)}\n`);
    return thrown.exitCode;
  }
  const stack = thrown instanceof Error ? (thrown.stack ?? thrown.message) : messageOf(thrown);
  process.stderr.write(`aura: unexpected error, please report it\n${visible(stack)}\n`);
  return EXIT.failed;
}

/** Messages may quote what a model or a trial wrote: nothing in them may act on the terminal. */
function visible(text: string): string {
  return text.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, "\ufffd");
}
