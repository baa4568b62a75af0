import { join, resolve } from "node:path";
import { LineCounter } from "yaml";
import type { Files } from "../kernel/effects.ts";
import { SpecError } from "../kernel/errors.ts";
import { isJsonObject, type JsonObject } from "../model/json.ts";
import { nearFile } from "./meant.ts";
import type { Span } from "./places.ts";
import { type ConvertedDocument, readYaml } from "./yaml.ts";

/** Specs larger than this, in bytes, are refused. */
const MAX_SPEC_BYTES = 1024 * 1024;

/** A spec as written: its plain value, and where everything in it stands. */
export interface SpecSource extends Pick<ConvertedDocument, "problems" | "places" | "quoted"> {
  readonly text: string;
  readonly value: JsonObject;
  /** The text could not be read as a whole: `value` is empty, and `problems` says why. */
  readonly unreadable: boolean;
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

/** The text of a spec file. Throws `SpecError` when there is none, when it is too large, and when it is not UTF-8. */
export function readSpecFile(path: string, files: Files): string {
  const stat = files.stat(files.realPath(path) ?? path);
  if (!stat) {
    const { meant } = nearFile(path, resolve(path), files, "spec");
    const hint = meant === undefined ? "give the path of a YAML file, such as spec.yaml" : `did you mean ${meant}?`;
    throw new SpecError(`there is no spec ${path}; ${hint}`);
  }
  if (stat.kind === "directory") {
    throw new SpecError(`${path} is not a file; give the path of a spec, such as ${join(path, "spec.yaml")}`);
  }
  if (stat.kind !== "file") {
    throw new SpecError(
      `${path} is not a file; a spec's paths are relative to its folder, so it cannot come from a pipe`,
    );
  }
  if (stat.size > MAX_SPEC_BYTES) throw new SpecError(`${path} is larger than 1 MiB, which no spec is`);
  return decoded(files.readBytes(path) ?? new Uint8Array(), path);
}

function decoded(bytes: Uint8Array, path: string): string {
  const decode = (fatal: boolean) => new TextDecoder("utf-8", { fatal, ignoreBOM: true }).decode(bytes);
  try {
    return decode(true);
  } catch {
    const readable = decode(false).split("\ufffd", 1)[0] ?? "";
    const [line, column] = [readable.split("\n").length, readable.length - readable.lastIndexOf("\n")];
    const message = "the file is not UTF-8: what stands here is in another encoding; save it as UTF-8";
    throw new SpecError(`${path}:${line}:${column}: ${message}`, [{ path: "", message, file: path, line, column }]);
  }
}
