import { watch } from "chokidar";
import type { Files } from "../kernel/effects.ts";
import type { AuraEvent, EventSink } from "../kernel/events.ts";
import { eventOfLine } from "../workspace/journal.ts";
import { journalFile } from "../workspace/layout.ts";

export interface WatchedRun {
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
export async function followJournal(run: WatchedRun, sink: EventSink): Promise<void> {
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
