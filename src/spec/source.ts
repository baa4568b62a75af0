import { LineCounter, parseDocument } from "yaml";
import { messageOf } from "../kernel/errors.ts";
import type { JsonObject } from "../model/json.ts";
import { isJsonObject } from "../model/json.ts";
import type { Place, SourceProblem } from "./places.ts";
import { convertDocument } from "./yaml-values.ts";

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
  const lines = new LineCounter();
  const empty = { text, value: {}, unreadable: true, places: new Map(), quoted: new Set<string>(), lines };
  const problem = (message: string, start = 0, end = start + 1): SpecSource => {
    if (lines.lineStarts.length === 0) lines.addNewLine(0);
    return { ...empty, problems: [{ message, span: { start, end }, path: [] }] };
  };
  if (Buffer.byteLength(text) > MAX_SPEC_BYTES) return problem("the spec is larger than 1 MiB");
  const nested = /(?:[[{]\s*){100}/.exec(text);
  if (nested) return problem("nested too deeply", nested.index);
  try {
    const document = parseDocument(text, {
      lineCounter: lines,
      prettyErrors: false,
      uniqueKeys: false,
      merge: false,
      schema: "core",
    });
    const [error] = document.errors;
    if (error) return problem(explained(error.code, error.message, text, error.pos[0]), ...error.pos);
    const converted = convertDocument(document);
    const at = document.contents?.range;
    if (converted.unbounded) return { ...empty, ...converted, value: {} };
    if (converted.value === null && converted.problems.length === 0) return problem("the spec is empty");
    if (!isJsonObject(converted.value)) return problem("expected a mapping of keys to values", at?.[0], at?.[1]);
    return { ...empty, ...converted, value: converted.value, unreadable: false };
  } catch (thrown) {
    return problem(thrown instanceof RangeError ? "nested too deeply" : `not YAML: ${messageOf(thrown)}`);
  }
}

/** The parser's message, in words about what to do for the mistakes that people make. */
function explained(code: string, message: string, text: string, offset: number): string {
  switch (code) {
    case "TAB_AS_INDENT":
      return "a tab cannot indent YAML; use spaces";
    case "MULTIPLE_DOCS":
      return "a spec is one YAML document; remove the `---` between documents";
    case "BLOCK_AS_IMPLICIT_KEY":
      return "a second `:` in one line; put the text in quotes";
    default: {
      const before = text.slice(Math.max(0, offset - 1), offset + 1);
      if (before === "${") return 'inside { } or [ ] a variable has to be in quotes: "${NAME}"';
      return message.charAt(0).toLowerCase() + message.slice(1);
    }
  }
}
