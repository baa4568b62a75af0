import type { Effects } from "../kernel/effects.ts";
import { WorkspaceError } from "../kernel/errors.ts";
import type { RunManifest } from "../model/run.ts";
import { carriedState, SnapshotStore, type StateRecords, showsCarried } from "../workspace/artifacts/index.ts";
import { inspectBest } from "../workspace/queries.ts";
import { trackedPaths } from "../workspace/repair-project.ts";
import { Workspace } from "../workspace/workspace.ts";

/** A run whose states are looked at or put somewhere. */
export interface StatesOfRun {
  readonly workspace: Workspace;
  readonly store: SnapshotStore;
  readonly records: StateRecords;
  readonly manifest: RunManifest;
  /** Snapshot of the tracked artifacts as they were at the start. */
  readonly start: string;
}

/** Opens the states of a run. Throws `WorkspaceError` ("usage") for a run that has none, saying why. */
export async function openStates(root: string, effects: Effects): Promise<StatesOfRun> {
  const workspace = await Workspace.open(root, { effects });
  const manifest = workspace.readManifest();
  const start = manifest?.project?.artifacts ?? null;
  const first = workspace.listIterations().includes(0);
  const store = storeOf(workspace);
  if (!manifest || start === null || !first) {
    const why =
      manifest && trackedPaths(store, manifest).length > 0
        ? "has no record of its start (iterations/00000), so its states cannot be told: resume it, which makes that again"
        : "tracks no artifacts (its spec has no `artifacts`), so it has no states";
    throw new WorkspaceError("usage", `the run in ${root} ${why}`);
  }
  return { workspace, store, records: stateRecordsOf(workspace), manifest, start };
}

/** Whether `artifacts/` of a run shows the state that its records say is carried on. True where none is. */
export function showsCarriedState(workspace: Workspace): boolean {
  const store = storeOf(workspace);
  const carried = carriedState(store, stateRecordsOf(workspace));
  return carried === null || showsCarried(store, carried.snapshot);
}

function stateRecordsOf(workspace: Workspace): StateRecords {
  return {
    best: () => inspectBest(workspace.root, workspace.effects)?.id ?? null,
    lastIteration: () => workspace.listIterations().at(-1) ?? null,
    readIteration: (iteration) => workspace.readIteration(iteration),
    readExperiment: (id) => workspace.readExperiment(id),
    listHypotheses: (iteration) => workspace.listHypotheses(iteration),
  };
}

function storeOf(workspace: Workspace): SnapshotStore {
  return new SnapshotStore(workspace.root, workspace.effects.files, () => workspace.assertWritable());
}
