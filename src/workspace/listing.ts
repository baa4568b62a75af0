import type { Files } from "../kernel/effects.ts";
import { iterationName, type TrialId } from "../model/ids.ts";
import { CALL_ID, iterationsDir, type RecordFolder, recordDir } from "./layout.ts";

/** Numbers of the iterations that have a folder, ascending. Folders of any other name are not iterations. */
export function listIterations(root: string, files: Files): readonly number[] {
  const found: number[] = [];
  for (const { name, kind } of files.list(iterationsDir(root)) ?? []) {
    if (kind === "directory" && /^\d{5,9}$/.test(name) && iterationName(Number(name)) === name)
      found.push(Number(name));
  }
  return found.sort((a, b) => a - b);
}

/** The same ascending numbers without holes: an iteration whose folder is gone is one of which every record is. */
export function withoutHoles(iterations: readonly number[], first: number): readonly number[] {
  const last = iterations.at(-1);
  if (last === undefined) return [];
  const from = Math.min(first, iterations[0] ?? first);
  return Array.from({ length: last - from + 1 }, (_, place) => from + place);
}

/**
 * Ids of the records of one kind in an iteration, in the order of their numbers. Names that are not an id of this
 * iteration, written the way ids are written, are left alone. What has the name of a record and is no file is listed:
 * reading it says so.
 */
export function listRecords(root: string, files: Files, iteration: number, folder: RecordFolder): readonly string[] {
  const prefix = folder === "calls" ? "" : `i${iterationName(iteration)}-`;
  const rest = CANONICAL[folder];
  const found: string[] = [];
  for (const { name } of files.list(recordDir(root, iteration, folder)) ?? []) {
    if (!name.endsWith(".json") || !name.startsWith(prefix)) continue;
    const id = name.slice(0, -".json".length);
    if (rest.test(id.slice(prefix.length))) found.push(id);
  }
  return found.sort(compareNatural);
}

interface Attempt {
  readonly trial: TrialId;
  readonly attempt: number;
}

/** Attempts at trials of an iteration that have a folder, whatever their records say. */
export function listAttempts(root: string, files: Files, iteration: number): readonly Attempt[] {
  const entries = files.list(recordDir(root, iteration, "trials")) ?? [];
  return entries.flatMap(({ name, kind }) =>
    kind === "directory" ? attemptIn(name, /^(.+)\.a(\d+)$/, iteration) : [],
  );
}

/** Attempts at trials of an iteration that left anything but their record: a folder or a log. Some come twice. */
export function listTraces(root: string, files: Files, iteration: number): readonly Attempt[] {
  const entries = files.list(recordDir(root, iteration, "trials")) ?? [];
  return entries.flatMap(({ name }) => attemptIn(name, /^(.+)\.a(\d+)(?:$|\.)/, iteration));
}

function attemptIn(name: string, pattern: RegExp, iteration: number): readonly Attempt[] {
  const [, trial, attempt = ""] = pattern.exec(name) ?? [];
  const prefix = `i${iterationName(iteration)}-`;
  if (trial === undefined || !trial.startsWith(prefix) || !/^[1-9]\d{0,8}$/.test(attempt)) return [];
  return CANONICAL.trials.test(trial.slice(prefix.length)) ? [{ trial, attempt: Number(attempt) }] : [];
}

/** What follows the iteration in the name of a record, numbers padded as they are when ids are made. */
const INDEX = "h(?:\\d{3}|[1-9]\\d{3,8})";
const HYPOTHESIS = new RegExp(`^${INDEX}$`);
const CANONICAL: Readonly<Record<RecordFolder, RegExp>> = {
  hypotheses: HYPOTHESIS,
  experiments: HYPOTHESIS,
  evaluations: HYPOTHESIS,
  trials: new RegExp(`^${INDEX}-[tc](?:\\d{2}|[1-9]\\d{2,8})$`),
  calls: CALL_ID,
};

/** Orders text with the numbers in it compared as numbers: `a2` before `a10`. */
export function compareNatural(a: string, b: string): number {
  const left = a.split(/(\d+)/);
  const right = b.split(/(\d+)/);
  for (let i = 0; i < Math.min(left.length, right.length); i++) {
    const [x = "", y = ""] = [left[i], right[i]];
    const order = i % 2 === 1 ? Number(x) - Number(y) || compareText(x, y) : compareText(x, y);
    if (order !== 0) return order;
  }
  return left.length - right.length;
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
