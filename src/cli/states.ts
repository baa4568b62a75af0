import type { Effects } from "../kernel/effects.ts";
import { WorkspaceError } from "../kernel/errors.ts";
import type { RunManifest } from "../model/run.ts";
import { SnapshotStore, type StateRecords } from "../workspace/artifacts/index.ts";
import { inspectBest } from "../workspace/queries.ts";
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

/** Opens the states of a run. Throws `WorkspaceError` ("usage") for a run that tracks no artifacts. */
export async function openStates(root: string, effects: Effects): Promise<StatesOfRun> {
  const workspace = await Workspace.open(root, { effects });
  const manifest = workspace.readManifest();
  const start = manifest?.project?.artifacts ?? null;
  const first = workspace.listIterations().includes(0);
  if (!manifest || start === null || !first) {
    throw new WorkspaceError(
      "usage",
      `the run in ${root} tracks no artifacts (its spec has no \`artifacts\`), so it has no states`,
    );
  }
  const records: StateRecords = {
    best: () => inspectBest(root, effects)?.id ?? null,
    lastIteration: () => workspace.listIterations().at(-1) ?? null,
    readIteration: (iteration) => workspace.readIteration(iteration),
    readExperiment: (id) => workspace.readExperiment(id),
    listHypotheses: (iteration) => workspace.listHypotheses(iteration),
  };
  const store = new SnapshotStore(workspace.root, effects.files, () => workspace.assertWritable());
  return { workspace, store, records, manifest, start };
}
