export { type ApplyOptions, applyState, lastApplied, recoverApply } from "./apply.ts";
export { type ApplyConflict, type ApplyPlan, type ApplyRequest, planApply } from "./apply-plan.ts";
export { readCarried, recoverCarried, setCarried } from "./carried.ts";
export { changedPaths } from "./changes.ts";
export {
  type CapturedCopy,
  captureTrialCopy,
  type LinkedInput,
  makeTrialCopy,
  type TrialCopyRequest,
} from "./copies.ts";
export { type CopyRequest, changesInCopy } from "./copy-changes.ts";
export { type DiffOptions, diffSnapshots, type Patch, patchBetween } from "./diff.ts";
export { applyEdits, type EditsResult } from "./edits.ts";
export { createExcludes, type Excludes } from "./excludes.ts";
export { type CapturedProject, captureProject, listProjectFiles, type ProjectRequest } from "./project.ts";
export { removeExcept } from "./prune.ts";
export { carriedState, latestRollback, planRollback, type RollbackPlan, rollback } from "./rollback.ts";
export { type ArtifactWarning, type Snapshot, type SnapshotEntry, snapshotSchema } from "./snapshot.ts";
export { findState, type StateRecords } from "./states.ts";
export { type Captured, type CaptureOptions, type NewEntry, SnapshotStore } from "./store.ts";
export { createArtifactsView, type ViewOptions } from "./view.ts";
