import { dirname, resolve } from "node:path";
import type { Effects, Files } from "../kernel/effects.ts";
import { artifactPath } from "../model/artifact.ts";
import { isJsonObject } from "../model/json.ts";
import type { RunManifest } from "../model/run.ts";
import { COPY_LIMITS } from "./artifacts/copies.ts";
import { NO_EXCLUDES } from "./artifacts/excludes.ts";
import { SnapshotStore } from "./artifacts/index.ts";
import { listOtherFiles } from "./artifacts/project.ts";
import { scanTree, TreeTooLarge } from "./artifacts/scan.ts";
import type { LeftOut } from "./artifacts/store.ts";
import { PROJECT_COPY, trialDir } from "./layout.ts";
import { listAttempts, listIterations } from "./listing.ts";
import { readManifest } from "./manifest.ts";
import { readOr, type Source } from "./records.ts";
import { specPlace } from "./spec-place.ts";

/** Files that may still be in a state: those of a folder, under these paths. */
export interface Tree {
  readonly path: string;
  readonly tracked: readonly string[];
  /** Default: nothing. */
  readonly leftOut?: LeftOut;
}

/** Copies of trials that are looked at for the project's files. */
const COPIES = 20;

/**
 * The files of the user's project as the start of a run would read them now, where their recorded state is damaged;
 * `null` when it is whole, or when there is no telling which files they were.
 */
export async function listedProject(root: string, effects: Effects): Promise<Tree | null> {
  const { files } = effects;
  const manifest = readOr(() => readManifest({ root, files }));
  const id = manifest === null || typeof manifest === "string" ? undefined : manifest.project?.files;
  if (manifest === null || typeof manifest === "string" || id === undefined) return null;
  const store = new SnapshotStore(root, files);
  const folder = projectFolder(root, manifest, files);
  if (typeof readOr(() => store.read(id)) !== "string" || folder === null) return null;
  const { files: patterns } = manifest.spec;
  const request = {
    root: folder,
    tracked: trackedPaths(store, manifest),
    patterns: Array.isArray(patterns) ? patterns.filter((pattern) => typeof pattern === "string") : null,
    inputs: manifest.inputs.map(({ path }) => path),
  };
  const { paths } = await listOtherFiles(request, effects, new AbortController().signal);
  return { path: folder, tracked: paths };
}

/** The project's files in copies that trials left, the latest first. What a trial has added makes its copy of no use. */
export function keptCopies(source: Source, manifest: RunManifest): readonly Tree[] {
  const { root, files } = source;
  const store = new SnapshotStore(root, files);
  const without = [...trackedPaths(store, manifest), ...manifest.inputs.map(({ path }) => path)];
  return listIterations(root, files)
    .flatMap((iteration) => listAttempts(root, files, iteration))
    .map(({ trial, attempt }) => `${trialDir(root, trial, attempt)}/${PROJECT_COPY}`)
    .filter((copy) => files.stat(copy)?.kind === "directory")
    .slice(-COPIES)
    .toReversed()
    .flatMap((copy) => filesOfCopy(files, copy, without));
}

function filesOfCopy(files: Files, copy: string, without: readonly string[]): readonly Tree[] {
  const request = { root: copy, tracked: ["."], excludes: NO_EXCLUDES, strict: false, limits: COPY_LIMITS, without };
  try {
    const { found } = scanTree(files, request);
    return [{ path: copy, tracked: found.filter(({ stat }) => stat.kind !== "directory").map(({ path }) => path) }];
  } catch (thrown) {
    if (thrown instanceof TreeTooLarge) return [];
    throw thrown;
  }
}

/** The user's project, as far as it can be told and is there. */
export function projectFolder(root: string, { spec, specFile, project }: RunManifest, files: Files): string | null {
  const bySpec =
    specFile === undefined
      ? null
      : resolve(dirname(specPlace(root, specFile, files)), typeof spec.root === "string" ? spec.root : ".");
  const folders = [bySpec, project?.root ?? null];
  return folders.find((folder) => folder !== null && files.stat(folder)?.kind === "directory") ?? null;
}

/** What the run tracks: as its spec has it, else what the start had. */
export function trackedPaths(store: SnapshotStore, { spec, project }: RunManifest): readonly string[] {
  if (!Array.isArray(spec.artifacts)) {
    const start = project === undefined ? "" : readOr(() => store.read(project.artifacts));
    return typeof start === "string" ? [] : start.entries.map(({ path }) => path);
  }
  return spec.artifacts.flatMap((entry) => {
    const path = isJsonObject(entry) ? entry.path : entry;
    try {
      return typeof path === "string" ? [artifactPath(path)] : [];
    } catch (thrown) {
      // A variable of the environment may stand in it.
      if (thrown instanceof RangeError) return [];
      throw thrown;
    }
  });
}
