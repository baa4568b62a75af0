import { join } from "node:path";
import type { TrialContext } from "../../kernel/context.ts";
import type { ProcessResult } from "../../kernel/effects.ts";
import type { Command, RawResult } from "../../kernel/ports.ts";
import { outputEvents } from "./output-events.ts";
import { LineKeeper } from "./output-lines.ts";
import { DEFAULT_OUTPUT_BYTES, DEFAULT_TIMEOUT_MS, type ProcessOptions } from "./process-options.ts";

/** Between SIGTERM and SIGKILL for a trial's process group. */
const GRACE_MS = 5000;

/** Milliseconds a trial may run: its own timeout, but not longer than the run's time budget. */
export function trialTimeoutMs(timeoutMs: number | undefined, ctx: Pick<TrialContext, "settings">): number {
  return Math.min(timeoutMs ?? DEFAULT_TIMEOUT_MS, ctx.settings.timeBudgetMs ?? Number.POSITIVE_INFINITY);
}

/** Runs a trial's command as a local process, with its logs, its output for watchers and the lines collectors need. */
export async function runCommand(command: Command, options: ProcessOptions, ctx: TrialContext): Promise<RawResult> {
  const keeper = new LineKeeper(() => ctx.effects.clock.now().toISOString());
  const tell = outputEvents(ctx);
  const { outputBytes = DEFAULT_OUTPUT_BYTES, ...limits } = options.limits ?? {};
  const result = await ctx.effects.processes.run(
    {
      file: command.file,
      args: command.args,
      cwd: command.cwd,
      env: command.env,
      timeoutMs: trialTimeoutMs(options.timeoutMs, ctx),
      graceMs: GRACE_MS,
      outputLimitBytes: outputBytes,
      logs: { stdout: join(ctx.logDir, "stdout.log"), stderr: join(ctx.logDir, "stderr.log") },
      marker: ctx.marker,
      limits,
      onStart: (identity) => ctx.started(identity),
      onLine: (stream, line) => {
        if (stream === "stdout") keeper.add(line);
        tell(stream, line);
      },
    },
    ctx.signal,
  );
  return rawResult(result, keeper);
}

function rawResult(result: ProcessResult, keeper: LineKeeper): RawResult {
  const { end, exitCode, signal, stdoutTail, stderrTail, durationMs, message } = result;
  return {
    kind: "process",
    end,
    exitCode,
    signal,
    stdoutTail,
    stderrTail,
    durationMs,
    lines: keeper.lines(),
    ...(message === undefined ? {} : { message }),
  };
}
