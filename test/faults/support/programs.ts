import type { ProcessRequest, ProcessResult, ProcessRunner } from "../../../src/kernel/effects.ts";

/** What a program that exists only in a test prints, and its exit code. */
export interface Printed {
  readonly stdout?: readonly string[];
  readonly stderr?: string;
  readonly exitCode?: number;
}

export type Program = (request: ProcessRequest) => Printed;

/**
 * A `ProcessRunner` whose programs are functions: hundreds of runs of a loop need no process. A program takes as many
 * turns of the event loop as its marker says, so that parallel ones overlap, the same way each time.
 */
export function programs(all: Readonly<Record<string, Program>>, real: ProcessRunner): ProcessRunner {
  return {
    ...real,
    run: async (request, signal) => {
      const program = all[request.file];
      if (!program) return ended({ end: "cannot-start", message: `${request.file}: not found`, exitCode: null });
      request.onStart?.({ pid: 4_000_000, startedAt: "never@nowhere" });
      const { stdout = [], stderr = "", exitCode = 0 } = program(request);
      for (let turn = 0; turn < 1 + ((request.marker ?? "").length % 3); turn++) {
        await new Promise((resolve) => setImmediate(resolve));
      }
      if (signal.aborted) return ended({ end: "cancelled", message: "stopped", exitCode: null });
      for (const line of stdout) request.onLine?.("stdout", line);
      return ended({ end: "exited", exitCode, stdoutTail: stdout.join("\n"), stderrTail: stderr });
    },
    killAll: () => {},
    endLeftovers: async () => 0,
  };
}

function ended(result: Partial<ProcessResult> & Pick<ProcessResult, "end">): ProcessResult {
  return {
    exitCode: 0,
    signal: null,
    durationMs: 1,
    stdoutBytes: 0,
    stderrBytes: 0,
    stdoutTail: "",
    stderrTail: "",
    ...result,
  };
}
