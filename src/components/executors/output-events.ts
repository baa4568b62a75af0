import type { TrialContext } from "../../kernel/context.ts";
import { oncePerTurn } from "./once-per-turn.ts";

const LINES_PER_SECOND = 50;
const LONGEST_LINE = 2000;

/** Tells observers of a trial's output, at most 50 lines a second: all of it is in the log, this is for watching. */
export function outputEvents(
  ctx: Pick<TrialContext, "emit" | "trialId" | "effects">,
): (stream: "stdout" | "stderr", line: string) => void {
  const monotonic = oncePerTurn(() => ctx.effects.clock.monotonic());
  let windowStart = Number.NEGATIVE_INFINITY;
  let emitted = 0;
  return (stream, line) => {
    const now = monotonic();
    if (now - windowStart >= 1000) {
      windowStart = now;
      emitted = 0;
    }
    if (emitted >= LINES_PER_SECOND) return;
    emitted += 1;
    ctx.emit({ type: "trial.output", trialId: ctx.trialId, stream, line: line.slice(0, LONGEST_LINE) });
  };
}
