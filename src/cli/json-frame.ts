import type { AuraEvent, EventSink } from "../kernel/events.ts";
import type { Redactor } from "../kernel/redact.ts";
import { jsonLine } from "../reporters/jsonl.ts";
import type { FrameLine } from "./outputs/lines.ts";

type Told = FrameLine["type"];
/** What a line of a type tells, besides when and in which place. */
type Fields<T extends Told> = Omit<Extract<FrameLine, { readonly type: T }>, "type" | "at" | "seq">;

/**
 * The NDJSON of `run --json` and `resume --json`: `run.started` as soon as the arguments are parsed, with `null` for
 * what is not known yet, the run's own events (its description as `run.described`), and `run.finished` last.
 */
export interface JsonFrame {
  readonly sink: EventSink;
  /** A line of its own, such as the plan of a dry run; `hide` takes the secrets out of it. */
  tell<T extends "run.planned" | "resume.explained">(type: T, fields: Fields<T>, hide?: Redactor): void;
  /** The last line, once. */
  finish(end: Fields<"run.finished">): void;
}

export function openFrame(write: (line: string) => void, now: () => Date, workspace: string | null): JsonFrame {
  let seq = 0;
  let finished = false;
  const put = (type: string, at: string, fields: object): void =>
    write(`${jsonLine({ type, at, seq: seq++, ...fields })}\n`);
  const tell = <T extends Told>(type: T, fields: Fields<T>, hide?: Redactor): void =>
    put(type, now().toISOString(), hide ? hide.object(JSON.parse(JSON.stringify(fields))) : fields);
  tell("run.started", {
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
    tell,
    finish(end) {
      if (finished) return;
      finished = true;
      tell("run.finished", end);
    },
  };
}
