export { applyState, type Recovery, recoverApply } from "./apply.ts";
export { type ApplyPlan, planApply } from "./apply-plan.ts";
export { lastApplied, readApplies } from "./apply-record.ts";
export { assertOutsideWorkspaces } from "./apply-target.ts";
export { setCarried } from "./carried.ts";
export {
  captureTrialCopy,
  makeTrialCopy,
} from "./copies.ts";
export { changesInCopy } from "./copy-changes.ts";
export { diffSnapshots, patchBetween } from "./diff.ts";
export { applyEdits } from "./edits.ts";
export { isWorkspace, projectExcludes, workspacesIn } from "./excludes.ts";
export { isWithin } from "./paths.ts";
export { captureProject } from "./project.ts";
export { removeExcept } from "./prune.ts";
export { repositoryTop } from "./repository.ts";
export { carriedState, planRollback, type RollbackPlan, rollback } from "./rollback.ts";
export { snapshotSchema } from "./snapshot.ts";
export { findState, type StateRecords } from "./states.ts";
export { SnapshotStore } from "./store.ts";
export { isTracked } from "./taken.ts";
export { createArtifactsView } from "./view.ts";
