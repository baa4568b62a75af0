import type { Clock, Files } from "../kernel/effects.ts";
import { EXIT } from "../kernel/errors.ts";
import type { AuraEvent, EventSink } from "../kernel/events.ts";
import { systemClock } from "../platform/clock.ts";
import { createJsonlReporter, jsonLine } from "../reporters/jsonl.ts";
import { createPlainReporter } from "../reporters/plain.ts";
import { eventOfLine, readJournal } from "../workspace/journal.ts";
import { journalFile } from "../workspace/layout.ts";
import { peekLock } from "../workspace/lock/holder.ts";
import { inspectSummary, type Observer } from "../workspace/views/queries.ts";
import { textOf } from "./inspect-views.ts";
import type { SummaryLine } from "./outputs/events.ts";

/**
 * `aura inspect --follow`: the summary (or the events so far), then each event as it comes, until the run ends or an
 * event finds that the reader has gone: only a write tells, as with `tail -f`.
 */
export async function followRun(
  view: "summary" | "events",
  root: string,
  observer: Observer,
  json: boolean,
): Promise<number> {
  const write = (line: string): void => void process.stdout.write(`${line}\n`);
  const clock = systemClock();
  const plain = createPlainReporter({ write, clock });
  const sink = json ? createJsonlReporter({ write }) : plain.sink;
  let isHeard = true;
  process.stdout.once("error", () => {
    isHeard = false;
  });
  try {
    if (view === "events") for (const event of readJournal(root, observer.files)) sink(event);
    else if (json) write(jsonLine(summaryLine(clock, root, observer)));
    else process.stdout.write(textOf("summary", root, observer, "", process.stdout.columns));
    const isLive = (): boolean => {
      if (!isHeard) return false;
      const { state } = peekLock(root, observer);
      return state === "held" || state === "foreign";
    };
    await followJournal({ root, files: observer.files, clock, isLive }, sink);
  } finally {
    plain.stop();
  }
  return EXIT.ok;
}

function summaryLine(clock: Clock, root: string, observer: Observer): SummaryLine {
  return { type: "run.summary", at: clock.now().toISOString(), summary: inspectSummary(root, observer) };
}

interface WatchedRun {
  readonly root: string;
  readonly files: Files;
  readonly clock: Clock;
  /** Whether somebody is writing to the workspace now. */
  readonly isLive: () => boolean;
}

/** Between two looks, in milliseconds. */
const LOOK_MS = 200;

/**
 * Hands on every event that comes to a run's journal from now on, until the run has finished or nobody writes to it any
 * more. Reads what was added only; a journal that was replaced is read from its beginning.
 */
async function followJournal({ root, files, clock, isLive }: WatchedRun, sink: EventSink): Promise<void> {
  const path = journalFile(root);
  let seen = files.stat(path)?.size ?? 0;
  let rest = "";

  const take = (): AuraEvent | null => {
    const size = files.stat(path)?.size ?? 0;
    if (size === seen) return null;
    if (size < seen) [seen, rest] = [0, ""];
    const bytes = files.readBytes(path) ?? new Uint8Array();
    const lines = (rest + new TextDecoder().decode(bytes.subarray(seen))).split("\n");
    seen = bytes.length;
    rest = lines.pop() ?? "";
    const events = lines.flatMap((line) => eventOfLine(line) ?? []);
    for (const event of events) sink(event);
    return events.at(-1) ?? null;
  };

  const never = new AbortController().signal;
  for (;;) {
    // Asked before the look: what a writer says last is still taken.
    const mayGoOn = isLive();
    if (take()?.type === "run.finished" || !mayGoOn) return;
    await clock.sleep(LOOK_MS, never);
  }
}
