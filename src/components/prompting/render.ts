import { messageOf, RunFailedError, SpecError } from "../../kernel/errors.ts";
import type { Role } from "../../model/call.ts";

/**
 * Renders a prompt in the middle of a run. What only shows with the values of then ends the run as failed, to be
 * resumed, and not as a wrong spec: that would say that nothing was written.
 */
export function renderedInRun(role: Role, render: () => string): string {
  try {
    return render();
  } catch (thrown) {
    if (!(thrown instanceof SpecError)) throw thrown;
    const message = `the prompt of the ${role} cannot be made: ${messageOf(thrown)}\nmend the prompt, and resume the run`;
    throw new RunFailedError(message, { cause: thrown });
  }
}
