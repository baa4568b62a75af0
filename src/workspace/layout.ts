import type { LogFiles } from "../kernel/effects.ts";
import { WorkspaceError } from "../kernel/errors.ts";
import {
  attemptName,
  type HypothesisId,
  hypothesisId,
  iterationName,
  parseHypothesisId,
  parseTrialId,
  type TrialId,
  trialId,
} from "../model/ids.ts";

/**
 * Every path of a workspace, as pure functions of its root. Ids are parsed into numbers and written out again before
 * they become part of a path, so nothing but digits and fixed letters of an id ever does; what is not an id throws
 * `WorkspaceError` ("usage").
 */

export const manifestFile = (root: string): string => `${root}/run.json`;
export const specFile = (root: string): string => `${root}/spec.yaml`;
export const lockFile = (root: string): string => `${root}/lock.json`;

export const LOCK_CLAIM_PREFIX = ".lock-after-";
/** Claim on the lock of a dead owner, keyed by that owner's token. */
export const lockClaimFile = (root: string, deadKey: string): string => `${root}/${LOCK_CLAIM_PREFIX}${deadKey}`;

export const journalFile = (root: string): string => `${root}/journal.jsonl`;

/** Read-only data that a program has put beside its run. */
export const inputsDir = (root: string): string => `${root}/inputs`;
export const snapshotsDir = (root: string): string => `${root}/snapshots`;

// ---- States of the artifacts

export const manifestFileOf = (root: string, id: string): string => `${snapshotsDir(root)}/${id}.json`;
export const objectsDir = (root: string): string => `${snapshotsDir(root)}/objects`;
export const objectFile = (root: string, sha256: string): string =>
  `${objectsDir(root)}/${sha256.slice(0, 2)}/${sha256}`;

/** Places of `artifacts/` while it is being replaced: being filled, complete, and what it was before. */
export function carriedPlaces(root: string): {
  readonly current: string;
  readonly filling: string;
  readonly next: string;
  readonly old: string;
} {
  const current = `${root}/artifacts`;
  return { current, filling: `${current}.filling`, next: `${current}.next`, old: `${current}.old` };
}

/** What is known from earlier runs, with a store of states of its own in it. */
export const priorDir = (root: string): string => `${root}/prior`;
export const priorFile = (root: string): string => `${priorDir(root)}/runs.json`;

/** What `aura apply` is in the middle of, or did last. */
export const applyFile = (root: string): string => `${root}/apply.json`;

// ---- What the user said and did

export const notesDir = (root: string): string => `${root}/notes`;

/** Where others than the writer may write. */
export const requestsDir = (root: string): string => `${root}/requests`;
export const rollbacksDir = (root: string): string => `${root}/rollbacks`;
export const repairsDir = (root: string): string => `${root}/repairs`;
export const environmentFile = (root: string, name: string): string => `${root}/environments/${name}.json`;
export const iterationsDir = (root: string): string => `${root}/iterations`;

export function iterationDir(root: string, iteration: number): string {
  if (!Number.isSafeInteger(iteration) || iteration < 0) {
    throw new WorkspaceError("usage", `${iteration} is not an iteration: iterations are whole numbers from 0`);
  }
  return `${iterationsDir(root)}/${iterationName(iteration)}`;
}

export const iterationFile = (root: string, iteration: number): string =>
  `${iterationDir(root, iteration)}/iteration.json`;
export const insightsFile = (root: string, iteration: number): string =>
  `${iterationDir(root, iteration)}/insights.json`;

/** Folders of an iteration that hold one file a record. */
export const RECORD_FOLDERS = ["hypotheses", "experiments", "evaluations", "trials", "calls"] as const;

export type RecordFolder = (typeof RECORD_FOLDERS)[number];

export const recordDir = (root: string, iteration: number, folder: RecordFolder): string =>
  `${iterationDir(root, iteration)}/${folder}`;

export function hypothesisFile(root: string, id: HypothesisId): string {
  return hypothesisRecord(root, "hypotheses", id);
}

export function experimentFile(root: string, id: HypothesisId): string {
  return hypothesisRecord(root, "experiments", id);
}

export function evaluationFile(root: string, id: HypothesisId): string {
  return hypothesisRecord(root, "evaluations", id);
}

export function trialFile(root: string, id: TrialId): string {
  const { iteration, name } = trialPlace(id);
  return `${recordDir(root, iteration, "trials")}/${name}.json`;
}

/** The folder that one attempt at a trial may fill. */
export function trialDir(root: string, id: TrialId, attempt: number): string {
  const { iteration, name } = trialPlace(id);
  return `${recordDir(root, iteration, "trials")}/${attemptName(name, checkedAttempt(attempt))}`;
}

/** Output and end of a process that runs one attempt, while it does, so that a later AURA can go on with it. */
export const runningDir = (root: string, id: TrialId, attempt: number): string =>
  `${trialDir(root, id, attempt)}.running`;

/** The folder inside an attempt's own folder in which its copy of the project is. */
export const PROJECT_COPY = "project";

/** The file in an attempt's own folder that holds its parameters. Alone, it does not keep the folder. */
export const PARAMS_FILE = "params.json";

/** Where what one attempt at a trial prints is kept. */
export function logFiles(root: string, id: TrialId, attempt: number): LogFiles {
  const folder = trialDir(root, id, attempt);
  return { stdout: `${folder}.stdout.log`, stderr: `${folder}.stderr.log` };
}

/** Copies of the project for programs that edit in place; gone when the iteration is finished. */
export const copiesDir = (root: string, iteration: number): string => `${iterationDir(root, iteration)}/copies`;

export function callFile(root: string, iteration: number, id: string): string {
  if (!CALL_ID.test(id)) throw new WorkspaceError("usage", `"${id}" is not a call id: letters, digits and dashes`);
  return `${recordDir(root, iteration, "calls")}/${id}.json`;
}

/** What the id of a call looks like: letters, digits and single dashes, at most 128 of them. */
export const CALL_ID = /^(?=.{1,128}$)[A-Za-z0-9]+(?:-[A-Za-z0-9]+)*$/;

/** The id as it is written in records and file names, from the id in any padding; `null` when it is not one. */
export function canonicalHypothesisId(id: string): HypothesisId | null {
  const parsed = parseHypothesisId(id);
  return parsed ? hypothesisId(parsed.iteration, parsed.index) : null;
}

/** The trial id as it is written in records and file names, from the id in any padding; `null` when it is not one. */
export function canonicalTrialId(id: string): TrialId | null {
  const parsed = parseTrialId(id);
  const hypothesis = parsed ? canonicalHypothesisId(parsed.hypothesisId) : null;
  return parsed && hypothesis !== null ? trialId(hypothesis, parsed.kind, parsed.index) : null;
}

/** Iteration that a hypothesis or trial id belongs to. */
export function iterationOf(id: HypothesisId | TrialId): number {
  const parsed = parseHypothesisId(parseTrialId(id)?.hypothesisId ?? id);
  if (!parsed) throw new WorkspaceError("usage", `"${id}" is not an id: they look like i00002-h003 or i00002-h003-t00`);
  return parsed.iteration;
}

function hypothesisRecord(root: string, folder: RecordFolder, id: string): string {
  const canonical = canonicalHypothesisId(id);
  if (canonical === null) {
    throw new WorkspaceError("usage", `"${id}" is not a hypothesis id: they look like i00002-h003`);
  }
  return `${recordDir(root, iterationOf(canonical), folder)}/${canonical}.json`;
}

function trialPlace(id: string): { readonly iteration: number; readonly name: TrialId } {
  const name = canonicalTrialId(id);
  if (name === null) throw new WorkspaceError("usage", `"${id}" is not a trial id: they look like i00002-h003-t00`);
  return { iteration: iterationOf(name), name };
}

function checkedAttempt(attempt: number): number {
  if (Number.isSafeInteger(attempt) && attempt >= 1) return attempt;
  throw new WorkspaceError("usage", `${attempt} is not an attempt: attempts are whole numbers from 1`);
}
