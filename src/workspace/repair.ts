import { join, relative } from "node:path";
import type { Files } from "../kernel/effects.ts";
import type { RepairStep } from "../model/views.ts";
import { listed } from "../text/printable.ts";
import * as layout from "./layout.ts";
import { manifestFileOf, objectFile } from "./layout.ts";
import { leftovers } from "./leftovers.ts";
import { listRecords } from "./listing.ts";
import { notFound } from "./locate.ts";
import { readLockEntry } from "./lock/holder.ts";
import type { Lock } from "./lock/lock.ts";
import { readManifest } from "./manifest.ts";
import { Records, readOr, readPrior } from "./records.ts";
import { listRollbacks, readRollback } from "./rollbacks.ts";
import { SnapshotStore } from "./states/index.ts";

/** What is wrong with a workspace; empty when nothing is. */
export interface RepairPlan {
  readonly root: string;
  readonly steps: readonly RepairStep[];
}

type Check = readonly [path: string, consequence: string, read: () => unknown];

const MOVE_LOCK = "move it away: until then no command can write to this workspace, and without it nobody holds it";
const BY_HAND = "restore it from a copy or mend it by hand: nothing else says what the run is";

/**
 * Reads every record and state of a workspace and says what is damaged, why, and what setting it aside would make
 * `resume` do. Writes nothing. Throws `WorkspaceError`: "not-found" when there is no run, "unknown-format" for one of
 * another AURA.
 */
export function planRepair(root: string, files: Files): RepairPlan {
  const records = new Records({ root, files });
  const [manifest, lock] = [layout.manifestFile(root), layout.lockFile(root)];
  if (files.stat(manifest) === null) throw notFound(root, files);
  const ofManifest = damageOf(() => readManifest(records));
  const ofLock = damageOf(() => readLockEntry(lock, files));
  return {
    root,
    steps: [
      ...step("by-hand", records, manifest, ofManifest, BY_HAND),
      ...step("by-hand", records, lock, ofLock, MOVE_LOCK),
      ...holesIn(records).flatMap((n) => step("by-resume", records, layout.iterationDir(root, n), MISSING, redoing(n))),
      ...checks(records).flatMap(([path, consequence, read]) =>
        step("set-aside", records, path, damageOf(read), consequence),
      ),
      ...stateSteps(records, records.root, usersOfStates(records)),
      ...stateSteps(records, layout.priorDir(root), usersOfPrior(records)),
      ...leftovers(records, "everywhere").flatMap((path) =>
        step("remove", records, path, "it was left by a writer that was killed", "nothing: nobody reads it"),
      ),
    ],
  };
}

const MISSING = "it is missing, and later iterations are there";

function redoing(n: number): string {
  return `resume proposes iteration ${n} again and runs what it proposes; answers that were recorded in it are paid for again. Or restore the folder from a copy first`;
}

/** Iterations whose folders are gone; a damaged record, which is told of by itself, may hide the first. */
function holesIn(records: Records): readonly number[] {
  const { root, files } = records;
  const known = orNull(() => records.expectedIterations()) ?? [];
  return known.filter((n) => files.stat(layout.iterationDir(root, n)) === null);
}

/** Every state of a folder that is there or that a record names, down to the bytes of its files. */
function stateSteps(
  records: Records,
  root: string,
  users: ReadonlyMap<string, readonly string[]>,
): readonly RepairStep[] {
  const { files } = records;
  const store = new SnapshotStore(root, files);
  const found: RepairStep[] = [];
  const objects = new Map<string, Set<string>>();
  for (const id of new Set([...users.keys(), ...store.ids()])) {
    const snapshot = readOr(() => store.read(id));
    if (typeof snapshot === "string") {
      found.push(...stateStep(records, manifestFileOf(root, id), snapshot, users.get(id) ?? []));
      continue;
    }
    for (const entry of snapshot.entries) {
      if (entry.kind !== "file") continue;
      const needing = objects.get(entry.sha256) ?? new Set();
      objects.set(entry.sha256, needing);
      for (const user of users.get(id) ?? [`state ${id}`]) needing.add(user);
    }
  }
  for (const [sha256, needing] of objects) {
    const file = objectFile(root, sha256);
    const hash = files.hash(file);
    if (hash === sha256) continue;
    const reason = hash === null ? "it is missing" : "its bytes do not match its hash";
    found.push(...stateStep(records, file, reason, [...needing]));
  }
  return found;
}

const LOST = "restore it from a copy: without it this state can be neither run nor restored";
const NAMED = 4;

function stateStep(records: Records, file: string, reason: string, users: readonly string[]): readonly RepairStep[] {
  if (users.length === 0) return step("set-aside", records, file, reason, "nothing: no record needs it");
  return step("by-hand", records, file, reason, `${LOST}; needed by ${listed(users, NAMED)}`);
}

/** Who needs which state, as records tell it; a record that cannot be read is told of by itself. */
function usersOfStates(records: Records): ReadonlyMap<string, readonly string[]> {
  const users = new Map<string, string[]>();
  for (const [id, user] of usesOfStates(records)) {
    const known = users.get(id ?? "") ?? [];
    if (id !== undefined && !known.includes(user)) users.set(id, [...known, user]);
  }
  return users;
}

/** A state of an earlier run is needed until the start is made of it. */
function usersOfPrior(records: Records): ReadonlyMap<string, readonly string[]> {
  const manifest = orNull(() => readManifest(records));
  const state = manifest?.project === undefined ? manifest?.from?.state : undefined;
  return new Map(state === undefined ? [] : [[state.snapshot, ["the start"]]]);
}

function* usesOfStates(records: Records): Generator<readonly [id: string | undefined, user: string]> {
  const { root, files } = records;
  const project = orNull(() => readManifest(records))?.project;
  yield [project?.artifacts, "the start"];
  yield [project?.start, "the start"];
  yield [project?.files, "every trial's copy of the project"];
  for (const iteration of records.listIterations()) {
    const record = orNull(() => records.readIteration(iteration));
    yield [record?.base?.snapshot, `iteration ${iteration}`];
    if (record?.state === "finished") yield [record.carried?.snapshot, `what iteration ${iteration} carries on`];
    for (const id of listRecords(root, files, iteration, "experiments"))
      yield [orNull(() => records.readExperiment(id))?.state, id];
  }
  for (const path of listRollbacks(records)) yield [orNull(() => readRollback(records, path))?.snapshot, "a rollback"];
}

/**
 * Does what a plan says, under the lock: damaged records are moved to `repairs/<n>/`, in the folders they were in,
 * leftovers are deleted. Returns the folder the records went to, `null` when there were none.
 */
export function applyRepair({ root, steps }: RepairPlan, files: Files, lock: Lock): string | null {
  const filesOf = (action: RepairStep["action"]): readonly string[] =>
    steps.flatMap((each) => (each.action === action ? [each.file] : []));
  const aside = filesOf("set-aside");
  const folder = nextRepairFolder(root, files);
  for (const file of aside) {
    lock.assertHeld();
    const to = join(folder, file);
    files.makeDirectory(join(to, ".."));
    if (files.stat(join(root, file)) !== null) files.rename(join(root, file), to);
  }
  for (const file of filesOf("remove")) {
    lock.assertHeld();
    files.remove(join(root, file));
  }
  return aside.length > 0 ? folder : null;
}

/** Every record there is, how to read it, and what becomes of the run without it. */
function checks(records: Records): readonly Check[] {
  const lost = "that rollback counts no more: later hypotheses count for best again";
  const prior = layout.priorFile(records.root);
  return [
    [prior, "later prompts and searches know nothing of earlier runs", () => readPrior(records)],
    ...records.listIterations().flatMap((iteration) => iterationChecks(records, iteration)),
    ...listRollbacks(records).map((path): Check => [path, lost, () => readRollback(records, path)]),
  ];
}

function iterationChecks(records: Records, n: number): readonly Check[] {
  const { root, files } = records;
  const each = (folder: layout.RecordFolder, check: (id: string) => Check): readonly Check[] =>
    listRecords(root, files, n, folder).map(check);
  return [
    [
      layout.iterationFile(root, n),
      `resume proposes iteration ${n} again (recorded answers are reused) and keeps what its hypotheses already have`,
      () => records.readIteration(n),
    ],
    [
      layout.insightsFile(root, n),
      `resume reviews iteration ${n} again (a recorded answer is reused)`,
      () => records.readInsights(n),
    ],
    ...each("hypotheses", (id) => [
      layout.hypothesisFile(root, id),
      `resume proposes ${id} again (recorded answers are reused) and redoes its experiment and evaluation`,
      () => records.readHypothesis(id),
    ]),
    ...each("trials", (id) => [
      layout.trialFile(root, id),
      `resume runs ${id} again as a new attempt, and redoes the experiment and evaluation it belongs to`,
      () => records.readTrialRecord(id),
    ]),
    ...each("experiments", (id) => [
      layout.experimentFile(root, id),
      `resume puts the experiment of ${id} together again from its trials, and evaluates it again`,
      () => records.readExperiment(id),
    ]),
    ...each("evaluations", (id) => [
      layout.evaluationFile(root, id),
      `resume evaluates ${id} again`,
      () => records.readEvaluation(id),
    ]),
    ...each("calls", (id) => [
      layout.callFile(root, n, id),
      "the answer is lost: if resume needs it, it asks again, which costs what the call costs",
      () => records.readCall(n, id),
    ]),
  ];
}

function step(
  action: RepairStep["action"],
  records: Records,
  path: string,
  reason: string | null,
  consequence: string,
): readonly RepairStep[] {
  return reason === null ? [] : [{ action, file: relative(records.root, path), reason, consequence }];
}

/** What is wrong with what is read; a newer format is nothing to repair. */
function damageOf(read: () => unknown): string | null {
  const value = readOr(read);
  return typeof value === "string" ? value : null;
}

function orNull<T>(read: () => Exclude<T, string>): Exclude<T, string> | null {
  const value = readOr(read);
  return typeof value === "string" ? null : value;
}

function nextRepairFolder(root: string, files: Files): string {
  let n = 1;
  while (files.stat(join(layout.repairsDir(root), String(n))) !== null) n += 1;
  return join(layout.repairsDir(root), String(n));
}
