import type { AuraEvent, EventSink } from "../kernel/events.ts";
import type { BestSoFar } from "../model/run.ts";
import { jsonLine } from "../reporters/jsonl.ts";

/** What is known when a framed command ends. */
export interface FrameEnd {
  readonly exitCode: number;
  readonly reason: string;
  readonly best: BestSoFar | null;
  readonly message?: string;
}

/**
 * The NDJSON of `run --json` and `resume --json`: `run.started` as soon as the arguments are parsed, with `null` for
 * what is not known yet, the run's own events (its description as `run.described`), and `run.finished` last.
 */
export interface JsonFrame {
  readonly sink: EventSink;
  /** A line of its own, such as the plan of a dry run. */
  tell(type: string, fields: object): void;
  finish(end: FrameEnd): void;
}

export function openFrame(write: (line: string) => void, now: () => Date, workspace: string | null): JsonFrame {
  let seq = 0;
  let finished = false;
  const put = (type: string, at: string, fields: object): void =>
    write(`${jsonLine({ type, at, seq: seq++, ...fields })}\n`);
  put("run.started", now().toISOString(), {
    run: {
      runId: null,
      name: null,
      workspace,
      resumed: null,
      seed: null,
      metric: null,
      stop: null,
      best: null,
      totals: null,
    },
  });
  return {
    sink(event: AuraEvent) {
      if (event.type === "trial.output" || event.type === "run.finished") return;
      const { type, at, seq: _, ...fields } = event;
      put(type === "run.started" ? "run.described" : type, at, fields);
    },
    tell: (type, fields) => put(type, now().toISOString(), fields),
    finish({ exitCode, reason, best, message }) {
      if (finished) return;
      finished = true;
      put("run.finished", now().toISOString(), {
        exitCode,
        reason,
        best,
        ...(message === undefined ? {} : { message }),
      });
    },
  };
}
