import { join } from "node:path";
import type { ApplyIntent, ApplyStep } from "../../model/apply.ts";
import { parentsOf } from "../../model/tree-path.ts";
import { contentKey, lookAt } from "./apply-plan.ts";
import type { SnapshotStore } from "./store.ts";

/** The steps of an apply, and how to take them back. All of them can be done again after they were done. */

/** Writes everything that is to be put in place, and copies of all that it replaces, beside it in the folder itself. */
export function stage(store: SnapshotStore, intent: ApplyIntent): void {
  const { files, objects } = store;
  const folder = stageDir(intent);
  files.makeDirectory(intent.target);
  files.remove(folder);
  files.makeDirectory(folder);
  const entries = new Map(store.read(intent.snapshot).entries.map((entry) => [entry.path, entry]));
  for (const [index, step] of intent.steps.entries()) {
    if (step.before !== undefined) keep(store, join(intent.target, step.path), keptFile(intent, index));
    if (step.action !== "write") continue;
    const entry = entries.get(step.path);
    const path = stagedFile(intent, index);
    if (entry?.kind === "symlink") files.symlink(entry.target, path);
    else if (entry?.kind === "file") objects.copyTo(entry.sha256, path, entry.mode);
  }
  files.flush((files.list(folder) ?? []).filter(({ kind }) => kind === "file").map(({ name }) => join(folder, name)));
  probe(store, intent);
}

/** Removes all that was staged. */
export function unstage(store: SnapshotStore, intent: ApplyIntent): void {
  for (const place of foldersConcerned(store, intent)) store.files.remove(join(place, PROBE));
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

/** Takes a step back, whether it was done or not; to be called from the last step to the first. */
export function undo(store: SnapshotStore, intent: ApplyIntent, step: ApplyStep, index: number): void {
  const { files } = store;
  const path = join(intent.target, step.path);
  const there = files.stat(path);
  switch (step.action) {
    case "delete":
      if (there === null) putBack(store, keptFile(intent, index), path);
      return;
    case "remove-folder":
      if (there === null) files.makeDirectory(path, step.beforeMode);
      return;
    case "make-folder":
      if (files.list(path)?.length === 0) files.remove(path);
      return;
    case "write":
      if (files.stat(stagedFile(intent, index)) !== null) return;
      if (step.before !== undefined) putBack(store, keptFile(intent, index), path);
      else if (holdsState(store, intent, step.path)) files.remove(path);
      return;
    case "set-mode":
      // A folder that was made has to be writable to be emptied again.
      if (step.beforeMode !== undefined && there !== null) files.chmod(path, step.beforeMode);
      else if (there?.kind === "directory") files.chmod(path, 0o755);
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

/** A copy, so that the file itself stays where it is until the moment it is replaced. */
function keep({ files }: SnapshotStore, path: string, kept: string): void {
  const stat = files.stat(path);
  if (stat?.kind === "symlink") files.symlink(files.readLink(path) ?? "", kept);
  else if (stat?.kind === "file") files.copyFile(path, kept, stat.mode & 0o777);
}

function putBack({ files }: SnapshotStore, kept: string, path: string): void {
  if (files.stat(kept) !== null) files.rename(kept, path);
}

function holdsState(store: SnapshotStore, intent: ApplyIntent, path: string): boolean {
  const actual = lookAt(store, intent.target, path);
  const entry = store.read(intent.snapshot).entries.find((one) => one.path === path);
  return actual !== null && actual !== "special" && entry !== undefined && contentKey(actual) === contentKey(entry);
}

/** What may not be written to is found out before anything is replaced. */
function probe(store: SnapshotStore, intent: ApplyIntent): void {
  for (const place of foldersConcerned(store, intent)) {
    store.files.makeDirectory(join(place, PROBE));
    store.files.remove(join(place, PROBE));
  }
}

/** The folders that are there already and in which something will be made, replaced or removed. */
function foldersConcerned({ files }: SnapshotStore, { target, steps }: ApplyIntent): ReadonlySet<string> {
  const places = new Set<string>();
  for (const { action, path } of steps) {
    if (action === "set-mode") continue;
    const parents = [".", ...parentsOf(path)].map((folder) => join(target, folder));
    const missing = parents.findIndex((folder) => files.stat(folder)?.kind !== "directory");
    const place = parents.at(missing === -1 ? -1 : missing - 1);
    if (place !== undefined && missing !== 0) places.add(place);
  }
  return places;
}

const PROBE = ".aura-apply-probe";

/** Beside what it replaces, so that a rename is enough, and named so that nothing else is called that. */
function stageDir(intent: ApplyIntent): string {
  return join(intent.target, `.aura-apply-${intent.snapshot}`);
}

function stagedFile(intent: ApplyIntent, index: number): string {
  return join(stageDir(intent), String(index));
}

/** What a step replaces, as it was. */
function keptFile(intent: ApplyIntent, index: number): string {
  return join(stageDir(intent), `${index}.before`);
}
