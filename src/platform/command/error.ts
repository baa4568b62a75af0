import { AuraError, EXIT } from "../../kernel/errors.ts";

/** A command that cannot be used as it is written, or a value that cannot be put into it. The message says what to do. */
export class CommandError extends AuraError {
  constructor(message: string, options?: { readonly cause?: unknown }) {
    super("COMMAND_INVALID", EXIT.usage, message, options);
  }
}
