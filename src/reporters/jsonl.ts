import type { EventSink } from "../kernel/events.ts";
import { recordText } from "../text/printable.ts";

export interface JsonlReporterOptions {
  /** Gets each line without its line end. */
  readonly write: (line: string) => void;
}

/** A reporter that writes each event as one line of JSON; `trial.output` is left out, it is in the trial's log. */
export function createJsonlReporter({ write }: JsonlReporterOptions): EventSink {
  return (event) => {
    if (event.type !== "trial.output") write(jsonLine(event));
  };
}

/** JSON text on one line with every character that a terminal could act on escaped; parses to the same value. */
export function jsonLine(value: unknown): string {
  return recordText(JSON.stringify(value));
}

/** The same as a whole document: indented by two, with a line end. */
export function jsonDocument(value: object): string {
  return `${recordText(JSON.stringify(value, null, 2))}\n`;
}
