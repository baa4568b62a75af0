import type { FileStat } from "../kernel/effects.ts";
import { WorkspaceError } from "../kernel/errors.ts";
import type { Evaluation } from "../model/evaluation.ts";
import type { HypothesisId } from "../model/ids.ts";
import { isJsonObject } from "../model/json.ts";
import { checksum } from "./checksum.ts";
import { evaluationFile, indexFile } from "./layout.ts";
import { listIterations, listRecords } from "./listing.ts";
import { readEvaluation, type Source } from "./records.ts";

/*
 * `index.jsonl`: what the evaluations say, in one file that is quick to read. It is a view. A line counts only when its
 * checksum fits and the evaluation's file still has the size and time the line names, so deleting the index, cutting it
 * or changing an evaluation by hand changes no answer, only how long it takes.
 */

/** What most questions want to know of an evaluation. */
export interface Verdict {
  readonly id: HypothesisId;
  readonly score: number | null;
  readonly passed: boolean;
}

interface IndexEntry extends Verdict {
  readonly size: number;
  readonly mtimeMs: number;
}

const CHECKSUM_LENGTH = 8;

/** The index line of an evaluation whose file has this size and time, with its end. */
export function indexLine(evaluation: Evaluation, { size, mtimeMs }: Pick<FileStat, "size" | "mtimeMs">): string {
  const { hypothesisId: id, score, passed } = evaluation;
  const text = JSON.stringify({ id, score, passed, size, mtimeMs } satisfies IndexEntry);
  return `${checksum(text)} ${text}\n`;
}

/** Reads the verdicts of hypotheses; what the index does not know for sure is read from the evaluations themselves. */
export class Verdicts {
  readonly #source: Source;
  readonly #index: ReadonlyMap<HypothesisId, IndexEntry>;

  constructor(source: Source) {
    this.#source = source;
    this.#index = readIndex(source);
  }

  /** `null` when the hypothesis has no evaluation. Throws `WorkspaceError` ("damaged") when that cannot be read. */
  of(id: HypothesisId): Verdict | null {
    const entry = this.#index.get(id);
    const stat = entry ? this.#source.files.stat(evaluationFile(this.#source.root, id)) : null;
    const known = entry && stat?.kind === "file" && stat.size === entry.size && stat.mtimeMs === entry.mtimeMs;
    const verdict = known ? entry : readEvaluation(this.#source, id);
    return verdict && { id, score: verdict.score, passed: verdict.passed };
  }
}

/** The whole text of the index, made anew from the evaluations; damaged ones are left out. */
export function rebuildIndex(source: Source): string {
  const lines: string[] = [];
  for (const iteration of listIterations(source.root, source.files)) {
    for (const id of listRecords(source.root, source.files, iteration, "evaluations")) {
      const stat = source.files.stat(evaluationFile(source.root, id));
      const evaluation = readOrSkip(source, id);
      if (stat && evaluation) lines.push(indexLine(evaluation, stat));
    }
  }
  return lines.join("");
}

function readOrSkip(source: Source, id: HypothesisId): Evaluation | null {
  try {
    return readEvaluation(source, id);
  } catch (error) {
    // Whoever needs that evaluation is told; a view is no place to stop.
    if (error instanceof WorkspaceError) return null;
    throw error;
  }
}

/** Later lines replace earlier ones; torn and garbled lines do not count. */
function readIndex({ root, files }: Source): ReadonlyMap<HypothesisId, IndexEntry> {
  const entries = new Map<HypothesisId, IndexEntry>();
  const path = indexFile(root);
  const text = files.stat(path)?.kind === "file" ? (files.readText(path) ?? "") : "";
  for (const line of text.split("\n")) {
    const entry = parseLine(line);
    if (entry) entries.set(entry.id, entry);
  }
  return entries;
}

function parseLine(line: string): IndexEntry | null {
  const text = line.slice(CHECKSUM_LENGTH + 1);
  if (text === "" || line[CHECKSUM_LENGTH] !== " " || checksum(text) !== line.slice(0, CHECKSUM_LENGTH)) return null;
  try {
    const value: unknown = JSON.parse(text);
    return isIndexEntry(value) ? value : null;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

function isIndexEntry(value: unknown): value is IndexEntry {
  if (!isJsonObject(value)) return false;
  const { id, score, passed, size, mtimeMs } = value;
  const fits = typeof id === "string" && typeof passed === "boolean" && (score === null || typeof score === "number");
  return fits && typeof size === "number" && typeof mtimeMs === "number";
}
