export { applyState, lastApplied, type Recovery, readApplies, recoverApply } from "./apply.ts";
export { assertOutsideWorkspaces, planApply } from "./apply-plan.ts";
export { setCarried } from "./carried.ts";
export {
  captureTrialCopy,
  changesInCopy,
  makeTrialCopy,
} from "./copies.ts";
export { diffSnapshots, patchBetween } from "./diff.ts";
export { EditRefused } from "./draft.ts";
export { applyEdits, idOf, tryEdits } from "./edits.ts";
export { projectExcludes, repositoryTop, workspacesIn } from "./excludes.ts";
export { captureProject, type ProjectRequest } from "./project.ts";
export { carriedState, findState, planRollback, rollback, type StateRecords } from "./rollback.ts";
export { snapshotSchema } from "./snapshot.ts";
export { SnapshotStore } from "./store.ts";
export {
  type ChangedFile,
  changedSince,
  type EarlierState,
  LEFT_OUT,
  type LeftOut,
  leftOut,
  type ProjectSurvey,
  previewArtifacts,
  surveyProject,
} from "./survey.ts";
export { createArtifactsView } from "./view.ts";
