import { LineCounter } from "yaml";
import type { JsonObject } from "../model/json.ts";
import { isJsonObject } from "../model/json.ts";
import type { Place, SourceProblem, Span } from "./places.ts";
import { readYaml } from "./yaml-text.ts";

/** Specs larger than this, in bytes, are refused. */
export const MAX_SPEC_BYTES = 1024 * 1024;

/** A spec as written: its plain value, and where everything in it stands. */
export interface SpecSource {
  readonly text: string;
  readonly value: JsonObject;
  /** The text could not be read as a whole: `value` is empty, and `problems` says why. */
  readonly unreadable: boolean;
  readonly problems: readonly SourceProblem[];
  /** By `placeKey` of the path. */
  readonly places: ReadonlyMap<string, Place>;
  /** Paths of scalars that were written in quotes or as a block, by `placeKey`. */
  readonly quoted: ReadonlySet<string>;
  readonly lines: LineCounter;
}

/** Reads YAML 1.2 text (core schema) into a plain value with positions. Never throws: what is wrong is in `problems`. */
export function parseSource(text: string): SpecSource {
  const lines = linesOf(text);
  const empty = { text, value: {}, unreadable: true, places: new Map(), quoted: new Set<string>(), lines };
  const problem = (message: string, { start, end }: Span = { start: 0, end: 1 }): SpecSource => {
    return { ...empty, problems: [{ message, span: { start, end }, path: [] }] };
  };
  if (Buffer.byteLength(text) > MAX_SPEC_BYTES) return problem("the spec is larger than 1 MiB");
  const read = readYaml(text);
  if (!read.ok) return problem(read.message, read.span);
  const { converted, contents } = read;
  if (converted.unbounded) return { ...empty, ...converted, value: {} };
  if (converted.value === null && converted.problems.length === 0) return problem("the spec is empty");
  if (!isJsonObject(converted.value)) return problem("expected a mapping of keys to values", contents ?? undefined);
  return { ...empty, ...converted, value: converted.value, unreadable: false };
}

/** Where the lines begin: of all of the text, also of what a parser did not get to. */
function linesOf(text: string): LineCounter {
  const lines = new LineCounter();
  lines.addNewLine(0);
  for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) lines.addNewLine(at + 1);
  return lines;
}
