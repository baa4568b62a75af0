import type { FileStat } from "../../kernel/effects.ts";
import { WorkspaceError } from "../../kernel/errors.ts";
import { type Evaluation, isVetoed } from "../../model/evaluation.ts";
import type { HypothesisId } from "../../model/ids.ts";
import { isJsonObject, parseJson } from "../../model/json.ts";
import { evaluationFile, indexFile, recordDir } from "../layout.ts";
import { listIterations, listRecords } from "../listing.ts";
import { readEvaluation, type Source } from "../records.ts";

/*
 * `index.jsonl`: what the evaluations say, in one file that is quick to read. It is a view. A line counts only when it
 * names the score twice alike and the evaluation's file still has the size and time the line names, so deleting the
 * index, cutting it or changing an evaluation by hand changes no answer, only how long it takes.
 */

/** What most questions want to know of an evaluation. */
export interface Verdict {
  readonly id: HypothesisId;
  readonly score: number | null;
  readonly passed: boolean;
  /** Its evaluator said no: it is never the best. */
  readonly vetoed: boolean;
  readonly metrics?: Readonly<Record<string, number>>;
}

interface IndexEntry extends Verdict {
  readonly size: number;
  readonly mtimeMs: number;
  /** The score again: a wrong byte in one of them shows, a wrong byte elsewhere makes the line fit no file. */
  readonly check: number | null;
}

/** The index line of an evaluation whose file has this size and time, with its end. */
export function indexLine(evaluation: Evaluation, { size, mtimeMs }: Pick<FileStat, "size" | "mtimeMs">): string {
  return `${JSON.stringify({ ...verdictOf(evaluation), size, mtimeMs, check: evaluation.score } satisfies IndexEntry)}\n`;
}

function verdictOf(evaluation: Evaluation): Verdict {
  const { hypothesisId: id, score, passed, metrics } = evaluation;
  return { id, score, passed, vetoed: isVetoed(evaluation), ...(metrics === undefined ? {} : { metrics }) };
}

/** Reads the verdicts of hypotheses; what the index does not know for sure is read from the evaluations themselves. */
export class Verdicts {
  readonly #source: Source;
  readonly #index: ReadonlyMap<HypothesisId, IndexEntry>;

  constructor(source: Source) {
    this.#source = source;
    this.#index = readIndex(source);
  }

  /**
   * The verdicts on these hypotheses of one iteration that have been evaluated. Throws `WorkspaceError` ("damaged")
   * when one cannot be read.
   */
  of(iteration: number, ids: readonly HypothesisId[]): readonly Verdict[] {
    const folder = recordDir(this.#source.root, iteration, "evaluations");
    const verdicts: Verdict[] = [];
    for (const id of ids) {
      const indexed = this.#indexed(id, `${folder}/${id}.json`);
      const evaluation = indexed === null ? readEvaluation(this.#source, id) : null;
      const verdict = indexed ?? (evaluation && verdictOf(evaluation));
      if (verdict) verdicts.push(verdict);
    }
    return verdicts;
  }

  /** What the index says, if that is still what the file says. */
  #indexed(id: HypothesisId, path: string): IndexEntry | null {
    const entry = this.#index.get(id);
    const stat = entry ? this.#source.files.stat(path) : null;
    if (!entry || stat?.kind !== "file") return null;
    return stat.size === entry.size && stat.mtimeMs === entry.mtimeMs ? entry : null;
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
  // All in one go, which is much the quickest; line by line only when one is torn or garbled.
  const all = parseJson(`[${text.trimEnd().replaceAll("\n", ",")}]`);
  for (const value of Array.isArray(all) ? all : text.split("\n").map(parseJson)) {
    if (isIndexEntry(value)) entries.set(value.id, value);
  }
  return entries;
}

function isIndexEntry(value: unknown): value is IndexEntry {
  if (!isJsonObject(value)) return false;
  const { id, score, passed, vetoed, size, mtimeMs, check } = value;
  const isVerdict = typeof id === "string" && typeof passed === "boolean" && typeof vetoed === "boolean";
  const fits = isVerdict && (score === null || typeof score === "number");
  return fits && score === check && typeof size === "number" && typeof mtimeMs === "number";
}
