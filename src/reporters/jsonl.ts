import type { EventSink } from "../kernel/events.ts";

export interface JsonlReporterOptions {
  /** Gets each line without its line end. */
  readonly write: (line: string) => void;
}

// JSON leaves these bare; a terminal or a line reader may act on them.
const UNSAFE = /[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

/** A reporter that writes each event as one line of JSON; `trial.output` is left out, it is in the trial's log. */
export function createJsonlReporter({ write }: JsonlReporterOptions): EventSink {
  return (event) => {
    if (event.type !== "trial.output") write(jsonLine(event));
  };
}

/** JSON text on one line with every character that a terminal could act on escaped; parses to the same value. */
export function jsonLine(value: unknown): string {
  return harmless(JSON.stringify(value));
}

/** The same as a whole document: indented by two, with a line end. */
export function jsonDocument(value: object): string {
  return `${harmless(JSON.stringify(value, null, 2))}\n`;
}

function harmless(json: string): string {
  return json.replace(UNSAFE, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`);
}
