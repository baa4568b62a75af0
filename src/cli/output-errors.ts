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
