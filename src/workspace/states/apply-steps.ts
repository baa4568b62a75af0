import { join } from "node:path";
import type { ApplyIntent, ApplyStep } from "../../model/apply.ts";
import { contentKey, lookAt } from "./apply-plan.ts";
import type { SnapshotStore } from "./store.ts";

/** The steps of an apply. All of them can be done again after they were done. */

/** Writes everything that is to be put in place beside it, in the folder itself. */
export function stage(store: SnapshotStore, intent: ApplyIntent): void {
  const { files, objects } = store;
  const folder = stageDir(intent);
  files.makeDirectory(intent.target);
  files.remove(folder);
  files.makeDirectory(folder);
  const entries = new Map(store.read(intent.snapshot).entries.map((entry) => [entry.path, entry]));
  for (const [index, step] of intent.steps.entries()) {
    if (step.action !== "write") continue;
    const entry = entries.get(step.path);
    const path = stagedFile(intent, index);
    if (entry?.kind === "symlink") files.symlink(entry.target, path);
    else if (entry?.kind === "file") objects.copyTo(entry.sha256, path, entry.mode);
  }
  files.flush((files.list(folder) ?? []).filter(({ kind }) => kind === "file").map(({ name }) => join(folder, name)));
}

/** Removes all that was staged. */
export function unstage(store: SnapshotStore, intent: ApplyIntent): void {
  store.files.remove(stageDir(intent));
}

/** Whether what was staged is still there: it goes when the last step is done. */
export function isStaged(store: SnapshotStore, intent: ApplyIntent): boolean {
  return store.files.stat(stageDir(intent)) !== null;
}

export function perform(store: SnapshotStore, intent: ApplyIntent, step: ApplyStep, index: number): void {
  const { files } = store;
  const path = join(intent.target, step.path);
  switch (step.action) {
    case "delete":
      if (files.stat(path)?.kind !== "directory") files.remove(path);
      return;
    case "remove-folder":
      if (files.list(path)?.length === 0) files.remove(path);
      return;
    case "make-folder":
      files.makeDirectory(path);
      return;
    case "write":
      if (files.stat(stagedFile(intent, index)) !== null) files.rename(stagedFile(intent, index), path);
      return;
    case "set-mode":
      if (step.mode !== undefined && files.stat(path) !== null) files.chmod(path, step.mode);
      return;
  }
}

/** Whether what a step that is still to be done would replace is no longer what it was. */
export function wasTouched(store: SnapshotStore, intent: ApplyIntent, step: ApplyStep, index: number): boolean {
  if (step.action !== "write" && step.action !== "delete") return false;
  if (step.action === "write" && store.files.stat(stagedFile(intent, index)) === null) return false;
  const actual = lookAt(store, intent.target, step.path);
  if (actual === null || (actual !== "special" && actual.kind === "directory")) return false;
  return actual === "special" || contentKey(actual) !== step.before;
}

/** Beside what it replaces, so that a rename is enough, and named so that nothing else is called that. */
function stageDir(intent: ApplyIntent): string {
  return join(intent.target, `.aura-apply-${intent.snapshot}`);
}

function stagedFile(intent: ApplyIntent, index: number): string {
  return join(stageDir(intent), String(index));
}
