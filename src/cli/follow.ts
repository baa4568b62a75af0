import { watch } from "chokidar";
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
    await followJournal({ root, files: observer.files, isLive }, sink);
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
  /** Whether somebody is writing to the workspace now. */
  readonly isLive: () => boolean;
}

/** Between two looks at whether the writer still lives, in milliseconds: a killed one says nothing. */
const LIVE_CHECK_MS = 1000;

/**
 * Hands on every event that comes to a run's journal from now on, until the run has finished or nobody writes to it any
 * more. Reads what was added only; a journal that was replaced is read from its beginning.
 */
async function followJournal(run: WatchedRun, sink: EventSink): Promise<void> {
  const path = journalFile(run.root);
  let seen = run.files.readBytes(path)?.length ?? 0;
  let rest = "";

  const take = (): AuraEvent | null => {
    const bytes = run.files.readBytes(path) ?? new Uint8Array();
    if (bytes.length < seen) {
      seen = 0;
      rest = "";
    }
    const lines = (rest + new TextDecoder().decode(bytes.subarray(seen))).split("\n");
    seen = bytes.length;
    rest = lines.pop() ?? "";
    let last: AuraEvent | null = null;
    for (const event of lines.map(eventOfLine)) {
      if (!event) continue;
      sink(event);
      last = event;
    }
    return last;
  };

  const watcher = watch(path, { ignoreInitial: true });
  let finish: () => void = () => undefined;
  let fail: (reason: unknown) => void = () => undefined;
  const over = new Promise<void>((resolve, reject) => {
    finish = resolve;
    fail = reject;
  });
  const look = (): void => {
    if (take()?.type === "run.finished" || !run.isLive()) finish();
  };
  const timer = setInterval(look, LIVE_CHECK_MS);
  watcher.on("all", look);
  watcher.on("error", fail);
  try {
    look();
    await over;
    take();
  } finally {
    clearInterval(timer);
    await watcher.close();
  }
}
