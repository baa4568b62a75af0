import { relative } from "node:path";
import type { EntryKind, Files } from "../kernel/effects.ts";
import { messageOf, WorkspaceError } from "../kernel/errors.ts";
import { type CallRecord, callSchema } from "../model/call.ts";
import { type Evaluation, evaluationSchema } from "../model/evaluation.ts";
import { type Experiment, experimentSchema } from "../model/experiment.ts";
import { type Hypothesis, hypothesisSchema } from "../model/hypothesis.ts";
import { type HypothesisId, parseHypothesisId, type TrialId } from "../model/ids.ts";
import { type Insight, insightsSchema } from "../model/insight.ts";
import { type IterationRecord, iterationSchema } from "../model/iteration.ts";
import { type PriorRun, priorSchema } from "../model/prior.ts";
import { type FinishedTrial, type Trial, trialSchema } from "../model/trial.ts";
import type { HouseSchema } from "../schema/dialect.ts";
import { fits, misfit } from "../schema/fits.ts";
import type { Infer } from "../schema/infer.ts";
import { terminalLine } from "../text/printable.ts";
import * as layout from "./layout.ts";
import { listIterations, listRecords, withoutHoles } from "./listing.ts";

/** Larger records are refused unread: none that AURA writes comes near it. */
const MAX_RECORD_BYTES = 64 * 1024 * 1024;

/** A workspace to read: a folder, and the files port to read it through. */
export interface Source {
  readonly root: string;
  readonly files: Files;
}

/** What stands where a file should be, in words. */
export const NOT_A_FILE: Readonly<Record<EntryKind, string>> = {
  file: "a file",
  directory: "a folder, not a file",
  symlink: "a symbolic link, not a file",
  other: "a pipe, a socket or a device, not a file",
};

/** What is wrong with a file that should hold a record, in one line fit to be printed. */
export class Damage extends Error {
  constructor(reason: string) {
    super(terminalLine(reason));
  }
}

/**
 * The JSON value in a record's file, `null` when there is no file. Throws `Damage` when it is not a plain file, is too
 * large, or does not parse (an empty file does not).
 */
export function readJson(files: Files, path: string): unknown {
  const stat = files.stat(path);
  if (stat === null) return null;
  if (stat.kind !== "file") throw new Damage(`it is ${NOT_A_FILE[stat.kind]}`);
  if (stat.size > MAX_RECORD_BYTES) throw new Damage(`it is larger than ${MAX_RECORD_BYTES / 1024 / 1024} MiB`);
  const text = files.readText(path);
  if (text === null) return null;
  if (text.trim() === "") throw new Damage("it is empty");
  try {
    const value: unknown = JSON.parse(text.replace(/^\uFEFF/, ""));
    if (value === null) throw new Damage("it holds null");
    return value;
  } catch (error) {
    throw error instanceof Damage ? error : new Damage(`it is not JSON (${messageOf(error)})`);
  }
}

/** Checks a value against the schema of its record kind. Throws `Damage` naming the first place that does not fit. */
export function checkRecord<const S extends HouseSchema>(value: unknown, schema: S): Infer<S> {
  if (fits(value, schema)) return value;
  throw new Damage(`it does not fit its schema: ${misfit(value, schema)}`);
}

/** The error for a damaged file, with what can be done about it. */
export function damaged(source: Pick<Source, "root">, path: string, reason: string, remedy: string): WorkspaceError {
  const name = relative(source.root, path);
  return new WorkspaceError("damaged", `${path} is damaged: ${reason}\n${name}: ${remedy}`, { file: path });
}

const REDO = "restore it, or delete it to have that step done again (`aura repair` shows what that would be)";

/**
 * The records of a run, read and checked from disk each time. Reading answers `null` for a record that is not there and
 * throws `WorkspaceError` ("damaged") for one that cannot be read.
 */
export class Records implements Source {
  /** Absolute path of the workspace. */
  readonly root: string;
  readonly files: Files;

  constructor({ root, files }: Source) {
    this.root = root;
    this.files = files;
  }

  readIteration(iteration: number): IterationRecord | null {
    return readRecord(
      this,
      layout.iterationFile(this.root, iteration),
      iterationSchema,
      (record) => mismatch("iteration", record.iteration, iteration) ?? strayReference(record),
    );
  }

  readHypothesis(id: HypothesisId): Hypothesis | null {
    return readRecord(this, layout.hypothesisFile(this.root, id), hypothesisSchema, (record) =>
      mismatch("id", record.id, layout.canonicalHypothesisId(id)),
    );
  }

  /** The trial if it has finished; `null` while it has not. */
  readTrial(id: TrialId): FinishedTrial | null {
    const trial = this.readTrialRecord(id);
    return trial?.state === "finished" ? trial : null;
  }

  /** The trial's record, finished or not. */
  readTrialRecord(id: TrialId): Trial | null {
    return readRecord(this, layout.trialFile(this.root, id), trialSchema, (record) => {
      const canonical = layout.canonicalTrialId(id);
      return mismatch("id", record.id, canonical) ?? mismatch("hypothesisId", record.hypothesisId, ownerOf(canonical));
    });
  }

  readExperiment(id: HypothesisId): Experiment | null {
    return readRecord(this, layout.experimentFile(this.root, id), experimentSchema, (record) =>
      mismatch("hypothesisId", record.hypothesisId, layout.canonicalHypothesisId(id)),
    );
  }

  readEvaluation(id: HypothesisId): Evaluation | null {
    return readRecord(this, layout.evaluationFile(this.root, id), evaluationSchema, (record) =>
      mismatch("hypothesisId", record.hypothesisId, layout.canonicalHypothesisId(id)),
    );
  }

  readInsights(iteration: number): readonly Insight[] | null {
    return readRecord(this, layout.insightsFile(this.root, iteration), insightsSchema, (insights) => {
      const stranger = insights.find((insight) => insight.iteration !== iteration);
      return stranger ? mismatch("iteration", stranger.iteration, iteration) : null;
    });
  }

  readCall(iteration: number, id: string): CallRecord | null {
    return readRecord(
      this,
      layout.callFile(this.root, iteration, id),
      callSchema,
      (record) => mismatch("id", record.id, id) ?? mismatch("iteration", record.iteration, iteration),
    );
  }

  // ---- What there is, in the order of the numbers in the ids

  listIterations(): readonly number[] {
    return listIterations(this.root, this.files);
  }

  /**
   * The iterations there have to be, ascending: also those whose folders are gone, before others that have something in
   * theirs. The first is 0 where iteration 1 started from a state that was run before it, else 1.
   */
  expectedIterations(): readonly number[] {
    const folders = this.listIterations();
    const isEmpty = (iteration: number): boolean =>
      (this.files.list(layout.iterationDir(this.root, iteration)) ?? []).length === 0;
    const found = folders.slice(0, folders.findLastIndex((iteration) => !isEmpty(iteration)) + 1);
    const second = found[0] === 1 ? this.readIteration(1) : null;
    return withoutHoles(found, second?.base === undefined ? 1 : 0);
  }

  listHypotheses(iteration: number): readonly HypothesisId[] {
    return listRecords(this.root, this.files, iteration, "hypotheses");
  }

  listTrials(iteration: number): readonly TrialId[] {
    return listRecords(this.root, this.files, iteration, "trials");
  }

  listCalls(iteration: number): readonly string[] {
    return listRecords(this.root, this.files, iteration, "calls");
  }
}

/** What an iteration's record names that cannot be: a hypothesis of another iteration, a state that is no id of one. */
function strayReference(record: IterationRecord): string | null {
  const listed = record.state === "started" ? [] : record.hypotheses;
  const stranger = listed.find(
    (id) => layout.canonicalHypothesisId(id) !== id || parseHypothesisId(id)?.iteration !== record.iteration,
  );
  if (stranger !== undefined) return `it lists ${JSON.stringify(stranger)}, which is no hypothesis of this iteration`;
  const states = [record.base, record.state === "finished" ? record.carried : undefined].filter(
    (each) => each !== undefined,
  );
  const lost = states.find(
    ({ snapshot, hypothesisId }) =>
      !/^[0-9a-f]{16}$/.test(snapshot) || layout.canonicalHypothesisId(hypothesisId) !== hypothesisId,
  );
  return lost === undefined ? null : `it names ${JSON.stringify(lost)}, which is no state`;
}

export function readPrior(source: Source): readonly PriorRun[] | null {
  return readRecord(
    source,
    layout.priorFile(source.root),
    priorSchema,
    () => null,
    "restore it, or delete it to go on without it",
  );
}

/**
 * A record of this schema; `null` when there is none. Throws `WorkspaceError` ("damaged"), with the remedy, for one that
 * cannot be read, and for one that is `misplaced`: it says what is wrong.
 */
export function readRecord<const S extends HouseSchema>(
  source: Source,
  path: string,
  schema: S,
  misplaced: (record: Infer<S>) => string | null,
  remedy = REDO,
): Infer<S> | null {
  try {
    const value = readJson(source.files, path);
    if (value === null) return null;
    const record = checkRecord(value, schema);
    const wrong = misplaced(record);
    if (wrong !== null) throw new Damage(wrong);
    return record;
  } catch (error) {
    if (error instanceof Damage) throw damaged(source, path, error.message, remedy);
    throw error;
  }
}

/** A record in another's place would stand in for it silently. */
function mismatch(key: string, inside: string | number, expected: string | number | null): string | null {
  return inside === expected ? null : `its ${key} is ${JSON.stringify(inside)}, not ${JSON.stringify(expected)}`;
}

function ownerOf(trial: string | null): string | null {
  return trial === null ? null : trial.replace(/-[tc]\d+$/, "");
}

/** What is read, or why it cannot be. */
export function readOr<T>(read: () => T): T | string {
  try {
    return read();
  } catch (thrown) {
    if (!(thrown instanceof WorkspaceError) || thrown.problem !== "damaged") throw thrown;
    return (thrown.message.split("\n")[0] ?? "").replace(/^.* is damaged: /, "");
  }
}
