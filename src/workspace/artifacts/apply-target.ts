import { WorkspaceError } from "../../kernel/errors.ts";
import type { ApplyStep } from "../../model/apply.ts";
import { isWorkspace, workspacesIn } from "./excludes.ts";
import { isWithin, parentsOf } from "./paths.ts";
import type { SnapshotStore } from "./store.ts";

/** A path that cannot be brought to the state as it is. */
export interface ApplyConflict {
  readonly path: string;
  readonly reason: string;
  /** `force` goes over it; otherwise nothing does: the user has to move what is in the way. */
  readonly forceable: boolean;
}

/** Throws `WorkspaceError` ("usage") for a place that no state can be written to: a file, a workspace, inside this one. */
export function assertTarget({ files, root }: SnapshotStore, target: string): void {
  const real = files.realPath(target);
  const kind = files.stat(real ?? target)?.kind;
  if (kind !== undefined && kind !== "directory")
    throw new WorkspaceError("usage", `${target} is no folder: a state is written to a folder`);
  const inside = isWithin(real ?? target, files.realPath(root) ?? root);
  if (inside || isWorkspace(files, target, files.list(target) ?? []))
    throw new WorkspaceError(
      "usage",
      `${target} ${inside ? "lies in the workspace itself" : "is a workspace"}: a state is never written to one. Choose another folder.`,
    );
}

/** Folders among the steps' places that are workspaces: their records are no part of any state. */
export function workspaceOnTheWay(
  { files, root }: SnapshotStore,
  target: string,
  steps: readonly ApplyStep[],
): readonly ApplyConflict[] {
  const isWorkspaceAt = workspacesIn(files, target, root);
  const folders = new Set(steps.flatMap(({ path }) => [...parentsOf(path), path]));
  const reason = "is a workspace, which is never written to";
  return [...folders].filter(isWorkspaceAt).map((path): ApplyConflict => ({ path, reason, forceable: false }));
}
