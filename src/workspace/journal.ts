import type { Files } from "../kernel/effects.ts";
import type { AuraEvent } from "../kernel/events.ts";
import { isJsonObject, parseJson } from "../model/json.ts";
import { journalFile } from "./layout.ts";

/** The events a run's journal holds, oldest first. A torn or foreign line is passed over: the journal is only a view. */
export function* readJournal(root: string, files: Files): Iterable<AuraEvent> {
  const path = journalFile(root);
  const text = files.stat(path)?.kind === "file" ? files.readText(path) : null;
  for (const line of (text ?? "").split("\n")) {
    const event = eventOfLine(line);
    if (event) yield event;
  }
}

/** The event in a line of a journal; `null` for a torn or foreign one. */
export function eventOfLine(line: string): AuraEvent | null {
  if (line === "") return null;
  const value = parseJson(line);
  return isEvent(value) ? value : null;
}

function isEvent(value: unknown): value is AuraEvent {
  return (
    isJsonObject(value) &&
    typeof value.type === "string" &&
    typeof value.at === "string" &&
    typeof value.seq === "number"
  );
}
