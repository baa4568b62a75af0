import { cutOff } from "./cut-off.ts";
import { reportError } from "./report-error.ts";
import { type EndOwner, ownEnd } from "./signals.ts";

/** Runs an action of the command line; what it throws, or what cuts it off, becomes a message and an exit code. */
export async function guarded(action: (end: EndOwner) => Promise<number>): Promise<number> {
  using end = ownEnd({ lastWords: (cut) => reportError(cutOff(cut, null)) });
  try {
    return await action(end);
  } catch (thrown) {
    return reportError(thrown);
  }
}
