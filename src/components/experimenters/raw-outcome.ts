import type { RawResult } from "../../kernel/ports.ts";
import type { Failure, TrialOutcome } from "../../model/trial.ts";

type Failed = Exclude<TrialOutcome, { readonly status: "completed" }>;

/** How a trial failed that did not come to its end as it should, or `null` when its output is to be read. */
export function failedOutcome(raw: RawResult): Failed | null {
  if (raw.kind === "value") return null;
  if (raw.kind === "failure") return { status: raw.status, failure: raw.failure };
  const logTail = raw.stderrTail || raw.stdoutTail;
  const rest = logTail === "" ? {} : { logTail };
  const failed = (status: Failed["status"], failure: Failure): Failed => ({ status, failure: { ...failure, ...rest } });
  if (raw.end === "exited") {
    if (raw.exitCode === 0) return null;
    const exitCode = raw.exitCode ?? -1;
    return failed("failed", { code: "exit-code", message: `exited with code ${exitCode}`, exitCode });
  }
  const message = raw.message ?? raw.end;
  if (raw.end !== "signal") return failed(raw.end, { code: raw.end, message });
  return failed("signal", { code: "signal", message, ...(raw.signal === null ? {} : { signal: raw.signal }) });
}
