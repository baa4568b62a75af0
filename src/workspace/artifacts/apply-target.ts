import { dirname } from "node:path";
import type { Files } from "../../kernel/effects.ts";
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
  const there = firstThere(files, target);
  const kind = files.stat(files.realPath(there) ?? there)?.kind;
  if (kind !== undefined && kind !== "directory")
    throw new WorkspaceError("usage", `${there} is no folder: a state is written to a folder`);
  const inside = isWithin(real ?? target, files.realPath(root) ?? root);
  if (inside || isWorkspace(files, target, files.list(target) ?? []))
    throw new WorkspaceError(
      "usage",
      `${target} ${inside ? "lies in the workspace itself" : "is a workspace"}: a state is never written to one. Choose another folder.`,
    );
}

/** Throws `WorkspaceError` ("usage") when a folder is a workspace or in one: nothing but the run is written there. */
export function assertOutsideWorkspaces({ files, root }: SnapshotStore, folder: string): void {
  for (let at = files.realPath(folder) ?? folder; ; at = dirname(at)) {
    if (at === (files.realPath(root) ?? root) || isWorkspace(files, at, files.list(at) ?? []))
      throw new WorkspaceError("usage", `${folder} is in the workspace ${at}: choose a place outside of it`);
    if (dirname(at) === at) return;
  }
}

/** A path, or the innermost folder on the way to it that is there. */
function firstThere(files: Files, path: string): string {
  return files.stat(path) !== null || dirname(path) === path ? path : firstThere(files, dirname(path));
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
