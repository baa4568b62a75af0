import { dirname, resolve } from "node:path";
import type { Effects } from "../kernel/effects.ts";
import { WorkspaceError } from "../kernel/errors.ts";
import type { ProjectScope, RunManifest } from "../model/run.ts";
import { specPlace } from "../workspace/manifest.ts";
import { SnapshotStore, type StateRecords } from "../workspace/states/index.ts";
import { stateRecordsOf } from "../workspace/views/queries.ts";
import { Workspace } from "../workspace/workspace.ts";

/** A run whose states are looked at or put somewhere. */
export interface StatesOfRun {
  readonly workspace: Workspace;
  readonly store: SnapshotStore;
  readonly records: StateRecords;
  readonly manifest: RunManifest;
  /** Snapshot of the tracked artifacts as they were at the start. */
  readonly start: string;
  /** Which files are part of a state. */
  readonly scope: ProjectScope;
}

/** Opens the states of a run. Throws `WorkspaceError` ("usage") for a run that has none, saying why. */
export async function openStates(root: string, effects: Effects): Promise<StatesOfRun> {
  const workspace = await Workspace.open(root, { effects });
  const manifest = workspace.readManifest();
  const store = storeOf(workspace);
  if (!manifest?.project || workspace.readIteration(0)?.base === undefined) {
    const why =
      Array.isArray(manifest?.spec.artifacts) && manifest.spec.artifacts.length > 0
        ? "has no record of its start (iterations/00000), so its states cannot be told: resume it, which makes that again"
        : "tracks no artifacts (its spec has no `artifacts`), so it has no states";
    throw new WorkspaceError("usage", `the run in ${root} ${why}`);
  }
  const { artifacts: start, scope } = manifest.project;
  return { workspace, store, records: stateRecordsOf(workspace), manifest, start, scope };
}

function storeOf(workspace: Workspace): SnapshotStore {
  return new SnapshotStore(workspace.root, workspace.effects.files, () => workspace.assertWritable());
}

/**
 * The folder that the start of a run was read from. Where the run's spec is still where it was, as seen from the
 * workspace, that is the spec's `root`, so that a project that was moved or copied with its workspace stays the one that
 * is meant; else it is the folder that was recorded. `null` when there is none any more.
 */
export function projectOf({ workspace, manifest, store: { files } }: StatesOfRun): string | null {
  const { specFile, project, spec } = manifest;
  const file = specFile === undefined ? null : specPlace(workspace.root, specFile, files);
  if (file !== null && files.stat(file) !== null)
    return files.realPath(typeof spec.root === "string" ? resolve(dirname(file), spec.root) : dirname(file));
  return project === undefined ? null : files.realPath(project.root);
}
