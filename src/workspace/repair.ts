import { join, relative } from "node:path";
import type { Files } from "../kernel/effects.ts";
import { WorkspaceError } from "../kernel/errors.ts";
import type { RunManifest } from "../model/run.ts";
import type { Lock } from "./held-lock.ts";
import * as layout from "./layout.ts";
import { leftovers } from "./leftovers.ts";
import { listIterations, listRecords } from "./listing.ts";
import { notFound } from "./locate.ts";
import { readLockEntry } from "./lock-file.ts";
import { readManifest } from "./manifest.ts";
import { misfits, misfitsInIterations } from "./plain-files.ts";
import * as records from "./records.ts";
import type { Tree } from "./repair-project.ts";
import { damagedStates, restoreState, shownPlace } from "./repair-states.ts";
import { readRollbacks } from "./rollbacks.ts";

/** One thing that is wrong with a workspace, and what repairing it would do. */
interface RepairStep {
  /**
   * `set-aside`: move a damaged record under `repairs/`. `restore`: make a file of a state again. `remove`: delete a
   * leftover. `by-resume`: the next resume mends it. `by-hand`: only the user can.
   */
  readonly action: "set-aside" | "restore" | "remove" | "by-resume" | "by-hand";
  /** Relative to the workspace. */
  readonly file: string;
  readonly reason: string;
  /** What happens next, for people. */
  readonly consequence: string;
}

/** What is wrong with a workspace; empty when nothing is. */
export interface RepairPlan {
  readonly root: string;
  readonly steps: readonly RepairStep[];
  /** The files of the user's project that it goes by. */
  readonly project: Tree | null;
}

type Check = readonly [path: string, consequence: string, read: () => unknown];

const MOVE_LOCK = "move it away: until then no command can write to this workspace, and without it nobody holds it";
const BY_HAND = "restore it from a copy or mend it by hand: nothing else says what the run is";

/**
 * Reads every record of a workspace and says what is damaged, why, and what setting it aside would make `resume` do.
 * Writes nothing. Throws `WorkspaceError`: "not-found" when there is no run, "unknown-format" for one of another AURA.
 * `project`: as `listedProject` answers, without which the state of the project's other files is made again from none.
 */
export function planRepair(root: string, files: Files, project: Tree | null = null): RepairPlan {
  const source: records.Source = { root, files };
  if (files.stat(layout.manifestFile(root)) === null) throw notFound(root, files);
  const manifest = damageOf(source, () => readManifest(source));
  const damagedManifest = step("by-hand", source, layout.manifestFile(root), manifest, BY_HAND);
  const missing = holesIn(source).flatMap((n) =>
    step("by-resume", source, layout.iterationDir(root, n), MISSING, redoing(n)),
  );
  const damagedRecords = checks(source).flatMap(([path, consequence, read]) =>
    step("set-aside", source, path, damageOf(source, read), consequence),
  );
  const inTheWay = [
    ...[...misfits(source), ...misfitsInIterations(source)].flatMap(({ path, reason, without }) =>
      step("set-aside", source, path, reason, without),
    ),
    ...step(
      "by-hand",
      source,
      layout.lockFile(root),
      damageOf(source, () => readLockEntry(layout.lockFile(root), files)),
      MOVE_LOCK,
    ),
  ];
  const temporary = leftovers(source, "everywhere").flatMap((path) =>
    step("remove", source, path, "it was left by a writer that was killed", "nothing: nobody reads it"),
  );
  return {
    root,
    project,
    steps: [
      ...damagedManifest,
      ...inTheWay,
      ...missing,
      ...damagedRecords,
      ...stateSteps(source, project),
      ...temporary,
    ],
  };
}

const MISSING = "it is missing, and later iterations are there";

function redoing(n: number): string {
  return `resume proposes iteration ${n} again and runs what it proposes; answers that were recorded in it are paid for again. Or restore the folder from a copy first`;
}

/** Iterations whose folders are gone; a damaged record, which is told of by itself, may hide the first. */
function holesIn(source: records.Source): readonly number[] {
  const { root, files } = source;
  const known = errorOf(() => records.expectedIterations(source)) ? [] : records.expectedIterations(source);
  return known.filter((n) => files.stat(layout.iterationDir(root, n)) === null);
}

const LOST = "restore it from a copy: without it this state can be neither run nor restored";

function stateSteps(source: records.Source, project: Tree | null): readonly RepairStep[] {
  const { root } = source;
  return damagedStates(source, manifestOrNull(source), project).flatMap((state) => {
    const { file, reason, neededBy, remedy, advice = LOST } = state;
    const need = neededBy === "" ? "no record needs it" : `needed by ${neededBy}`;
    if (remedy) {
      const how = `it is made again from ${shownPlace(root, remedy)}, which is the same; ${need}`;
      return step("restore", source, file, reason, how);
    }
    if (neededBy === "") return step("set-aside", source, file, reason, "nothing: no record needs it");
    return step("by-hand", source, file, reason, `${advice}; ${need}`);
  });
}

function manifestOrNull(source: records.Source): RunManifest | null {
  return damageOf(source, () => readManifest(source)) === null ? readManifest(source) : null;
}

/**
 * Does what a plan says, under the lock: damaged records are moved to `repairs/<n>/`, in the folders they were in, and
 * files of states are made again, leftovers are deleted. Returns the folder the records went to, `null` when there were none.
 */
export function applyRepair(plan: RepairPlan, files: Files, lock: Lock): string | null {
  const { root, steps, project } = plan;
  const restored = damagedStates({ root, files }, manifestOrNull({ root, files }), project).flatMap(
    ({ file, remedy }) =>
      remedy && steps.some((each) => each.action === "restore" && each.file === relative(root, file)) ? [remedy] : [],
  );
  const aside = steps.filter(
    ({ action, file }) => action === "set-aside" || (action === "restore" && files.stat(join(root, file)) !== null),
  );
  const folder = nextRepairFolder(root, files);
  for (const { file } of aside) {
    lock.assertHeld();
    const to = join(folder, file);
    files.makeDirectory(join(to, ".."));
    if (files.stat(join(root, file)) !== null) files.rename(join(root, file), to);
  }
  for (const remedy of restored) restoreState(root, files, remedy, () => lock.assertHeld());
  for (const { file } of steps.filter(({ action }) => action === "remove")) {
    lock.assertHeld();
    files.remove(join(root, file));
  }
  return aside.length > 0 ? folder : null;
}

/** Every record there is, how to read it, and what becomes of the run without it. */
function checks(source: records.Source): readonly Check[] {
  const { root, files } = source;
  return [
    ...listIterations(root, files).flatMap((iteration) => iterationChecks(source, iteration)),
    ...rollbackChecks(source),
  ];
}

function iterationChecks(source: records.Source, n: number): readonly Check[] {
  const { root, files } = source;
  const list = (folder: layout.RecordFolder) => listRecords(root, files, n, folder);
  return [
    [
      layout.iterationFile(root, n),
      `resume proposes iteration ${n} again (recorded answers are reused) and keeps what its hypotheses already have`,
      () => records.readIteration(source, n),
    ],
    [
      layout.insightsFile(root, n),
      `resume reviews iteration ${n} again (a recorded answer is reused)`,
      () => records.readInsights(source, n),
    ],
    ...list("hypotheses").map((id): Check => {
      const what = `resume proposes ${id} again (recorded answers are reused) and redoes its experiment and evaluation`;
      return [layout.hypothesisFile(root, id), what, () => records.readHypothesis(source, id)];
    }),
    ...list("trials").map((id): Check => {
      const what = `resume runs ${id} again as a new attempt, and redoes the experiment and evaluation it belongs to`;
      return [layout.trialFile(root, id), what, () => records.readTrial(source, id)];
    }),
    ...list("experiments").map((id): Check => {
      const what = `resume puts the experiment of ${id} together again from its trials, and evaluates it again`;
      return [layout.experimentFile(root, id), what, () => records.readExperiment(source, id)];
    }),
    ...list("evaluations").map((id): Check => {
      return [
        layout.evaluationFile(root, id),
        `resume evaluates ${id} again`,
        () => records.readEvaluation(source, id),
      ];
    }),
    ...list("calls").map((id): Check => {
      const what = "the answer is lost: if resume needs it, it asks again, which costs what the call costs";
      return [layout.callFile(root, n, id), what, () => records.readCall(source, n, id)];
    }),
  ];
}

/** Rollbacks are read together, so one that is damaged is found by the file its error names. */
function rollbackChecks(source: records.Source): readonly Check[] {
  const error = errorOf(() => readRollbacks(source));
  if (error?.file === undefined) return [];
  return [
    [error.file, "that rollback counts no more: later hypotheses count for best again", () => readRollbacks(source)],
  ];
}

function step(
  action: RepairStep["action"],
  source: records.Source,
  path: string,
  reason: string | null,
  consequence: string,
): readonly RepairStep[] {
  return reason === null ? [] : [{ action, file: relative(source.root, path), reason, consequence }];
}

function damageOf(source: records.Source, read: () => unknown): string | null {
  const error = errorOf(read);
  if (!error) return null;
  const [first = error.message] = error.message.split("\n");
  // The step names the file itself.
  return first.replace(/^.* is damaged: /, "").replace(`${source.root}/`, "");
}

/** The damage that reading meets; a newer format is nothing to repair. */
function errorOf(read: () => unknown): WorkspaceError | null {
  try {
    read();
    return null;
  } catch (error) {
    if (error instanceof WorkspaceError && error.problem === "damaged") return error;
    throw error;
  }
}

function nextRepairFolder(root: string, files: Files): string {
  let n = 1;
  while (files.stat(join(layout.repairsDir(root), String(n))) !== null) n += 1;
  return join(layout.repairsDir(root), String(n));
}
