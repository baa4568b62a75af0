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
import { type Trial, trialSchema } from "../model/trial.ts";
import type { HouseSchema } from "../schema/dialect.ts";
import { fits, misfit } from "../schema/fits.ts";
import type { Infer } from "../schema/infer.ts";
import { terminalLine } from "../text/printable.ts";
import * as layout from "./layout.ts";
import { listIterations, withoutHoles } from "./listing.ts";

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

export function readIteration(source: Source, iteration: number): IterationRecord | null {
  return readRecord(
    source,
    layout.iterationFile(source.root, iteration),
    iterationSchema,
    (record) => mismatch("iteration", record.iteration, iteration) ?? strayReference(record),
  );
}

/**
 * Numbers of the iterations there have to be, ascending: also those whose folders are gone, before others that have
 * something in theirs. The first is 0 where iteration 1 started from a state that was run before it, else 1.
 */
export function expectedIterations(source: Source): readonly number[] {
  const folders = listIterations(source.root, source.files);
  const found = folders.slice(0, folders.findLastIndex((iteration) => !isEmpty(source, iteration)) + 1);
  const second = found[0] === 1 ? readIteration(source, 1) : null;
  return withoutHoles(found, second?.base === undefined ? 1 : 0);
}

function isEmpty({ root, files }: Source, iteration: number): boolean {
  return (files.list(layout.iterationDir(root, iteration)) ?? []).length === 0;
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

export function readHypothesis(source: Source, id: HypothesisId): Hypothesis | null {
  return readRecord(source, layout.hypothesisFile(source.root, id), hypothesisSchema, (record) =>
    mismatch("id", record.id, layout.canonicalHypothesisId(id)),
  );
}

export function readExperiment(source: Source, id: HypothesisId): Experiment | null {
  return readRecord(source, layout.experimentFile(source.root, id), experimentSchema, (record) =>
    mismatch("hypothesisId", record.hypothesisId, layout.canonicalHypothesisId(id)),
  );
}

export function readEvaluation(source: Source, id: HypothesisId): Evaluation | null {
  return readRecord(source, layout.evaluationFile(source.root, id), evaluationSchema, (record) =>
    mismatch("hypothesisId", record.hypothesisId, layout.canonicalHypothesisId(id)),
  );
}

export function readTrial(source: Source, id: TrialId): Trial | null {
  return readRecord(source, layout.trialFile(source.root, id), trialSchema, (record) => {
    const canonical = layout.canonicalTrialId(id);
    return mismatch("id", record.id, canonical) ?? mismatch("hypothesisId", record.hypothesisId, ownerOf(canonical));
  });
}

export function readInsights(source: Source, iteration: number): readonly Insight[] | null {
  return readRecord(source, layout.insightsFile(source.root, iteration), insightsSchema, (insights) => {
    const stranger = insights.find((insight) => insight.iteration !== iteration);
    return stranger ? mismatch("iteration", stranger.iteration, iteration) : null;
  });
}

export function readCall(source: Source, iteration: number, id: string): CallRecord | null {
  return readRecord(
    source,
    layout.callFile(source.root, iteration, id),
    callSchema,
    (record) => mismatch("id", record.id, id) ?? mismatch("iteration", record.iteration, iteration),
  );
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
