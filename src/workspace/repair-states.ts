import { join, relative } from "node:path";
import type { Files } from "../kernel/effects.ts";
import type { RunManifest } from "../model/run.ts";
import { createExcludes, projectExcludes } from "./artifacts/excludes.ts";
import { SnapshotStore } from "./artifacts/index.ts";
import { manifestFileOf, objectFile } from "./artifacts/places.ts";
import type { Snapshot } from "./artifacts/snapshot.ts";
import * as layout from "./layout.ts";
import { listIterations, listRecords } from "./listing.ts";
import * as records from "./records.ts";
import { readOr } from "./records.ts";
import { keptCopies, projectFolder, type Tree, trackedPaths } from "./repair-project.ts";
import { readRollbacks } from "./rollbacks.ts";

/** A file of a state that is missing or damaged. */
export interface DamagedState {
  readonly file: string;
  readonly reason: string;
  /** For people: which states and hypotheses need it; empty when none does. */
  readonly neededBy: string;
  readonly remedy: Remedy | null;
  /** What could make up for it, where there is no remedy now. */
  readonly advice?: string;
}

/** How a file of a state can be made again: from a file with the same bytes, or from a tree that is in this state. */
type Remedy =
  | { readonly kind: "object"; readonly from: string }
  | ({ readonly kind: "manifest"; readonly from: string } & Omit<Tree, "path">);

/**
 * Checks every state that is there or that a record names, down to the bytes of its files. Writes nothing. `project`:
 * the files that the start would read of the project besides the artifacts, where their state is asked for.
 */
export function damagedStates(
  source: records.Source,
  manifest: RunManifest | null,
  project: Tree | null,
): readonly DamagedState[] {
  const { root, files } = source;
  const store = new SnapshotStore(root, files);
  const users = usersOfStates(source, manifest);
  const trees = treesOf(store, manifest);
  const found: DamagedState[] = [];
  const objects = new Map<string, { readonly paths: Set<string>; readonly users: Set<string> }>();
  for (const id of new Set([...users.keys(), ...store.ids()])) {
    const needing = users.get(id) ?? [];
    const snapshot = readOr(() => store.read(id));
    if (typeof snapshot === "string") {
      const isOfProject = manifest !== null && id === manifest.project?.files;
      const places = isOfProject ? [...(project ? [project] : []), ...keptCopies(source, manifest)] : trees;
      const tree = places.find((place) => identified(store, place) === id);
      const remedy: Remedy | null = tree ? { ...tree, kind: "manifest", from: tree.path } : null;
      const advice = isOfProject && !remedy ? { advice: putBack(projectFolder(root, manifest, files)) } : {};
      found.push({ file: manifestFileOf(root, id), reason: snapshot, neededBy: named(needing), remedy, ...advice });
      continue;
    }
    for (const { sha256, path } of filesOf(snapshot)) {
      const object = objects.get(sha256) ?? { paths: new Set(), users: new Set() };
      objects.set(sha256, object);
      object.paths.add(path);
      for (const user of needing.length > 0 ? needing : [`state ${id}`]) object.users.add(user);
    }
  }
  for (const [sha256, { paths, users: needing }] of objects) {
    const file = objectFile(root, sha256);
    const hash = files.hash(file);
    if (hash === sha256) continue;
    const candidates = trees.flatMap((tree) => [...paths].map((path) => join(tree.path, path)));
    const from = candidates.find(
      (candidate) => files.stat(candidate)?.kind === "file" && files.hash(candidate) === sha256,
    );
    const reason = hash === null ? "it is missing" : "its bytes do not match its hash";
    found.push({
      file,
      reason,
      neededBy: named([...needing]),
      remedy: from === undefined ? null : { kind: "object", from },
    });
  }
  return found;
}

/** Which files they were is said nowhere else, so all of them have to be as they were. */
function putBack(project: string | null): string {
  const where = project === null ? "the project, which is not where it was," : project;
  return `neither the project nor a copy of a trial that was kept is as it says: put the files of ${where} back as they were at the start and repair again, or restore it from a copy`;
}

/** Makes a file of a state again; one that is in its place has been moved away. */
export function restoreState(root: string, files: Files, remedy: Remedy, assertWritable: () => void): void {
  const store = new SnapshotStore(root, files, assertWritable);
  if (remedy.kind === "manifest") {
    store.captureAll(remedy.from, remedy.tracked, remedy.leftOut);
    return;
  }
  store.objects.putFile(remedy.from, files.stat(remedy.from)?.size ?? 0);
  store.objects.flush();
}

/** Who needs which state, as records tell it; a record that cannot be read is told of by itself. */
function usersOfStates(source: records.Source, manifest: RunManifest | null): ReadonlyMap<string, readonly string[]> {
  const users = new Map<string, string[]>();
  const add = (id: string | undefined, user: string): void => {
    if (id !== undefined) users.set(id, [...(users.get(id) ?? []), user]);
  };
  add(manifest?.project?.artifacts, "the start");
  add(manifest?.project?.files, "every trial's copy of the project");
  for (const iteration of listIterations(source.root, source.files)) {
    const record = readOr(() => records.readIteration(source, iteration));
    if (record !== null && typeof record !== "string") {
      add(record.base?.snapshot, `iteration ${iteration}`);
      if (record.state === "finished") add(record.carried?.snapshot, `what iteration ${iteration} carries on`);
    }
    for (const id of listRecords(source.root, source.files, iteration, "experiments")) {
      const experiment = readOr(() => records.readExperiment(source, id));
      if (experiment !== null && typeof experiment !== "string") add(experiment.state, id);
    }
  }
  const rollbacks = readOr(() => readRollbacks(source));
  if (typeof rollbacks !== "string") for (const { snapshot } of rollbacks) add(snapshot, "a rollback");
  return users;
}

/** Trees that may still be in a state of the artifacts: what is carried on, and the user's own project. */
function treesOf(store: SnapshotStore, manifest: RunManifest | null): readonly Tree[] {
  const { root, files } = store;
  const tracked = manifest === null ? [] : trackedPaths(store, manifest);
  const project = manifest === null ? null : projectFolder(root, manifest, files);
  const carried = { path: layout.artifactsDir(root), tracked };
  if (project === null || manifest === null) return [carried];
  // As the start read it, and as one of an older AURA did, without ignore files above the project; and as it is, for a state with files that its ignore files name.
  const without = manifest.inputs.map(({ path }) => path);
  const byRules = [projectExcludes(files, project), createExcludes()].map((excludes) => ({ excludes, without }));
  return [carried, ...byRules.map((leftOut) => ({ path: project, tracked, leftOut })), { path: project, tracked }];
}

function identified(store: SnapshotStore, { path, tracked, leftOut }: Tree): string | null {
  return store.files.stat(path) === null ? null : store.identify(path, tracked, leftOut);
}

function filesOf({ entries }: Snapshot): readonly { readonly sha256: string; readonly path: string }[] {
  return entries.flatMap((entry) => (entry.kind === "file" ? [entry] : []));
}

const NAMED = 4;

function named(users: readonly string[]): string {
  const distinct = [...new Set(users)];
  const more = distinct.length - NAMED;
  return distinct.slice(0, NAMED).join(", ") + (more > 0 ? ` and ${more} more` : "");
}

/** The file as a message names it. */
export function shownPlace(root: string, { from }: Remedy): string {
  return from.startsWith(`${root}/`) ? relative(root, from) : from;
}
