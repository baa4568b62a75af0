import type { Diagnostic } from "../kernel/errors.ts";
import { formatDiagnostics } from "../spec/diagnostics.ts";

/** Prints what is odd about a spec without being wrong, on stderr. */
export function showWarnings(warnings: readonly Diagnostic[]): void {
  if (warnings.length > 0)
    process.stderr.write(
      `${formatDiagnostics(warnings)
        .replace(/^/gm, "warning: ")
        .replace(/^warning: $/gm, "")}\n`,
    );
}
