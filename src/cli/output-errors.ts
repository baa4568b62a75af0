import { closeSync, constants, fstatSync, openSync } from "node:fs";
import { EXIT } from "../kernel/errors.ts";

/**
 * Watches the standard streams. A reader that went away, such as `head`, is no error: what is left to say is dropped.
 * A stream that cannot be written to for another reason is told once on stderr. Answers whether that has happened.
 */
export function watchOutput(): () => boolean {
  let failed = false;
  const onError = (error: NodeJS.ErrnoException): void => {
    if (error.code === "EPIPE" || failed) return;
    failed = true;
    process.exitCode = EXIT.storage;
    process.stderr.write(`aura: cannot write to standard output: ${error.message}\n`);
  };
  process.stdout.on("error", onError);
  process.stderr.on("error", () => undefined);
  return () => failed;
}

/**
 * Whether standard output is a pipe that nobody reads any more. A write would say so, but a command that waits has
 * nothing to write; opening the pipe once more does, where the system gives it a name.
 */
export function readerIsGone(): boolean {
  try {
    if (!fstatSync(1).isFIFO()) return false;
    closeSync(openSync("/proc/self/fd/1", constants.O_WRONLY | constants.O_NONBLOCK));
    return false;
  } catch (thrown) {
    return thrown instanceof Error && "code" in thrown && thrown.code === "ENXIO";
  }
}
