import type { Clock } from "../kernel/effects.ts";
import { EXIT } from "../kernel/errors.ts";
import { systemClock } from "../platform/clock.ts";
import { createJsonlReporter, jsonLine } from "../reporters/jsonl.ts";
import { createPlainReporter } from "../reporters/plain.ts";
import type { Observer } from "../workspace/inspection.ts";
import { readJournal } from "../workspace/journal.ts";
import { peekLock } from "../workspace/lock-state.ts";
import { inspectSummary } from "../workspace/queries.ts";
import { textOf } from "./inspect-views.ts";
import type { SummaryLine } from "./outputs/lines.ts";
import { followJournal } from "./watch-workspace.ts";

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
