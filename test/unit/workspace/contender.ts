import { createInterface } from "node:readline";
import { isAuraError, WorkspaceError } from "../../../src/kernel/errors.ts";
import { systemEffects } from "../../../src/platform/system.ts";
import { acquireLock } from "../../../src/workspace/lock/lock.ts";

// A process that tries to take the lock of the folder it is told on each line, says what came of it, and keeps what it got.
const effects = systemEffects();
process.stdout.write("ready\n");
for await (const root of createInterface({ input: process.stdin })) {
  try {
    const lock = await acquireLock(root, effects);
    lock.assertHeld();
    process.stdout.write("won\n");
  } catch (error) {
    const problem = error instanceof WorkspaceError ? error.problem : isAuraError(error) ? error.code : String(error);
    process.stdout.write(`${problem}\n`);
  }
}
