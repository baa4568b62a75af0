import { dirname, join } from "node:path";
import type { Files } from "../../kernel/effects.ts";
import { WorkspaceError } from "../../kernel/errors.ts";
import type { ApplyConflict, ApplyPlan, ApplyStep, KeptChange } from "../../model/apply.ts";
import { childOf, comparePaths, isWithin, parentsOf } from "../../model/tree-path.ts";
import { isWorkspace, workspacesIn } from "./excludes.ts";
import { type SnapshotEntry, sameContent, sameEntry } from "./snapshot.ts";
import type { SnapshotStore } from "./store.ts";

export interface ApplyRequest {
  readonly target: string;
  /** The state to write. */
  readonly snapshot: string;
  /** The state the run started from: what the user's files are expected to be. */
  readonly start: string;
  /** A state that was applied to this folder before: files that are still so are not the user's changes. */
  readonly applied?: string;
  /** Whether a path can be part of a state; others of what was applied before are the user's by now. Default: any can. */
  readonly isTracked?: (path: string) => boolean;
  /**
   * The folder is the one that the start was read from. What is missing there, or has other permissions, the user
   * changed, and what the run did not touch is left to the user. Any other folder just gets the whole state.
   */
  readonly isProject: boolean;
}

/**
 * What has to be done to a folder so that its tracked artifacts are a state. Only paths of the start and of the state
 * are looked at; one that is neither as it was at the start, nor as it was applied, nor as it should be, is a conflict
 * where the run touched it. Writes nothing. Throws `WorkspaceError` ("usage") for a place that is none to write to.
 */
export function planApply(store: SnapshotStore, request: ApplyRequest): ApplyPlan {
  const { target, snapshot } = request;
  assertTarget(store, target);
  const planner = new Planner(store, request);
  planner.plan();
  const { steps, conflicts, kept } = planner;
  const barred = workspaceOnTheWay(store, target, steps);
  return { target, snapshot, steps, conflicts: [...conflicts, ...barred], kept };
}

/** What is at a path of a folder; `null` for nothing. Hashes the file there. */
export function lookAt(store: SnapshotStore, target: string, path: string): SnapshotEntry | "special" | null {
  const at = join(target, path);
  const stat = store.files.stat(at);
  if (stat === null) return null;
  const mode = stat.mode & 0o777;
  if (stat.kind === "directory") return { path, kind: "directory", mode };
  if (stat.kind === "symlink") return { path, kind: "symlink", target: store.files.readLink(at) ?? "" };
  const sha256 = stat.kind === "file" ? store.files.hash(at) : null;
  return sha256 === null ? "special" : { path, kind: "file", mode, size: stat.size, sha256 };
}

/** What is at a path, by content: to tell later whether it is still the same. */
export function contentKey(entry: SnapshotEntry): string {
  if (entry.kind === "file") return `file ${entry.sha256}`;
  return entry.kind === "symlink" ? `link ${entry.target}` : "folder";
}

class Planner {
  readonly conflicts: ApplyConflict[] = [];
  readonly kept: KeptChange[] = [];
  readonly #store: SnapshotStore;
  readonly #request: ApplyRequest;
  readonly #desired: ReadonlyMap<string, SnapshotEntry>;
  readonly #origins: readonly ReadonlyMap<string, SnapshotEntry>[];
  readonly #deletes = new Map<string, ApplyStep>();
  readonly #folderDeletes: ApplyStep[] = [];
  readonly #folders = new Map<string, ApplyStep>();
  readonly #writes: ApplyStep[] = [];
  readonly #modes: ApplyStep[] = [];

  constructor(store: SnapshotStore, request: ApplyRequest) {
    this.#store = store;
    this.#request = request;
    const entriesOf = (id: string): ReadonlyMap<string, SnapshotEntry> =>
      new Map(store.read(id).entries.map((entry) => [entry.path, entry]));
    this.#desired = entriesOf(request.snapshot);
    const { start, applied, isTracked = () => true } = request;
    const before = applied === undefined ? [] : [[...entriesOf(applied)].filter(([path]) => isTracked(path))];
    this.#origins = [entriesOf(start), ...before.map((entries) => new Map(entries))];
  }

  plan(): void {
    const paths = new Set([...this.#desired.keys(), ...this.#origins.flatMap((origin) => [...origin.keys()])]);
    // What goes comes first: a folder is only in the way of a file when something in it stays.
    const sorted = [...paths].sort(comparePaths);
    for (const path of sorted.filter((one) => !this.#desired.has(one)).reverse()) this.#remove(path);
    const ofTheRun = this.#touchedByRun();
    for (const path of sorted) {
      const entry = this.#desired.get(path);
      if (entry === undefined) continue;
      if (ofTheRun.has(path) || this.#isMadeAnew(path)) this.#bring(entry);
      else this.#leave(entry);
    }
  }

  get steps(): readonly ApplyStep[] {
    const modes = [...this.#modes].reverse();
    return [...this.#deletes.values(), ...this.#folderDeletes, ...this.#folders.values(), ...this.#writes, ...modes];
  }

  /** Paths that the run changed, or an earlier apply did, and the folders they need. In a folder of no history, all. */
  #touchedByRun(): ReadonlySet<string> {
    const all = [...this.#desired.values()];
    const touched = this.#request.isProject
      ? all.filter((entry) => this.#origins.some((origin) => !sameEntry(origin.get(entry.path) ?? null, entry)))
      : all;
    return new Set(touched.flatMap(({ path }) => [...parentsOf(path), path]));
  }

  /** A folder on the way takes the place of something else: what belongs into it is not there yet. */
  #isMadeAnew(path: string): boolean {
    return parentsOf(path).some((folder) => this.#deletes.has(folder));
  }

  /** Walked from the innermost path outwards. */
  #remove(path: string): void {
    const actual = this.#actual(path);
    if (actual === null) return;
    if (actual === "special") {
      this.#conflict(path, "is neither a file, a folder nor a link", false);
      return;
    }
    if (actual.kind === "directory") {
      if (this.#isEmptied(path)) this.#removeFolder(actual, "changed since the start; the state has no such file");
      return;
    }
    if (!this.#isExpected(path, actual))
      this.#conflict(path, "changed since the start; the state has no such file", true);
    this.#deletes.set(path, { action: "delete", path, before: contentKey(actual) });
  }

  /** The run did not touch it. */
  #leave(entry: SnapshotEntry): void {
    const { path } = entry;
    const actual = this.#actual(path);
    if (actual === null) this.kept.push({ path, reason: "was deleted" });
    else if (actual === "special" || !sameContent(actual, entry)) this.kept.push({ path, reason: "was changed" });
    else if (hasOtherMode(actual, entry)) this.kept.push({ path, reason: "has other permissions" });
  }

  #bring(entry: SnapshotEntry): void {
    const { path } = entry;
    if (this.#isBlocked(path)) return;
    const actual = this.#actual(path);
    if (actual === "special") {
      this.#conflict(path, "is neither a file, a folder nor a link", false);
      return;
    }
    if (entry.kind === "directory") {
      this.#bringFolder(path, entry.mode, actual);
      return;
    }
    if (actual?.kind === "directory") {
      if (!this.#isEmptied(path)) {
        this.#conflict(path, "is a folder with files that are not part of the run", false);
        return;
      }
      this.#removeFolder(actual, "changed since the start");
    } else if (actual !== null && sameContent(actual, entry)) {
      this.#bringMode(entry, actual);
      return;
    } else if (!this.#isExpected(path, actual)) {
      this.#conflict(path, actual === null ? "was deleted since the start" : "changed since the start", true);
    }
    const before = actual === null || actual.kind === "directory" ? {} : { before: contentKey(actual) };
    const mode = entry.kind === "file" ? { mode: entry.mode } : {};
    this.#makeParents(path);
    this.#writes.push({ action: "write", path, ...mode, ...before });
  }

  #bringFolder(path: string, mode: number, actual: SnapshotEntry | null): void {
    if (actual?.kind === "directory") {
      this.#bringMode({ path, kind: "directory", mode }, actual);
      return;
    }
    if (actual !== null) {
      if (!this.#isExpected(path, actual)) this.#conflict(path, "changed since the start", true);
      this.#deletes.set(path, { action: "delete", path, before: contentKey(actual) });
    }
    this.#makeParents(path);
    this.#folders.set(path, { action: "make-folder", path });
    this.#modes.push({ action: "set-mode", path, mode });
  }

  /** Only permissions that the run changed are set: what differs because of the user, or the user's mask, stays. */
  #bringMode(entry: SnapshotEntry, actual: SnapshotEntry): void {
    if (entry.kind === "symlink" || actual.kind === "symlink" || entry.mode === actual.mode) return;
    const { path, mode } = entry;
    const before = this.#origins.map((origin) => origin.get(path)).filter((one) => one !== undefined);
    if (!before.some((one) => hasOtherMode(one, entry))) return;
    const isExpected = !this.#request.isProject || before.some((one) => !hasOtherMode(one, actual));
    if (!isExpected) this.#conflict(path, "has had its permissions changed since the start", true);
    this.#modes.push({ action: "set-mode", path, mode });
  }

  /** `otherwise` is the conflict where the folder is the user's: no state had one there. */
  #removeFolder(folder: SnapshotEntry, otherwise: string): void {
    const isOfRun = this.#origins.some((origin) => origin.get(folder.path)?.kind === "directory");
    if (!isOfRun) this.#conflict(folder.path, otherwise, true);
    this.#folderDeletes.push({ action: "remove-folder", path: folder.path });
  }

  #makeParents(path: string): void {
    for (const folder of parentsOf(path)) {
      if (this.#folders.has(folder) || this.#deletes.has(folder)) continue;
      if (this.#store.files.stat(join(this.#request.target, folder)) === null)
        this.#folders.set(folder, { action: "make-folder", path: folder });
    }
  }

  /** Whether something, or nothing, is at a path as it was at the start, or as it was applied. */
  #isExpected(path: string, actual: SnapshotEntry | null): boolean {
    const { isProject } = this.#request;
    if (actual === null && !isProject) return true;
    return this.#origins.some((origin) => {
      const before = origin.get(path) ?? null;
      return sameContent(before, actual) && !(isProject && hasOtherMode(before, actual));
    });
  }

  /** What is at a path; what lies behind a link is not there. */
  #actual(path: string): SnapshotEntry | "special" | null {
    const { target } = this.#request;
    const hidden = parentsOf(path).some((folder) => this.#store.files.stat(join(target, folder))?.kind === "symlink");
    return hidden ? null : lookAt(this.#store, target, path);
  }

  /** Nothing is written through a link, nor below a file that stays. */
  #isBlocked(path: string): boolean {
    for (const folder of parentsOf(path)) {
      const kind = this.#store.files.stat(join(this.#request.target, folder))?.kind;
      if (kind === undefined || kind === "directory" || this.#deletes.has(folder)) continue;
      if (this.#desired.get(folder)?.kind === "directory") continue;
      if (!this.conflicts.some((conflict) => conflict.path === folder)) {
        this.#conflict(folder, "is in the way: a folder is expected there", false);
      }
      return true;
    }
    return false;
  }

  /** Whether nothing is left in a folder once the planned deletions are done. */
  #isEmptied(path: string): boolean {
    const goes = (child: string, isFolder: boolean): boolean =>
      this.#deletes.has(child) || (isFolder && this.#folderDeletes.some((step) => step.path === child));
    return (this.#store.files.list(join(this.#request.target, path)) ?? []).every((entry) =>
      goes(childOf(path, entry.name), entry.kind === "directory"),
    );
  }

  #conflict(path: string, reason: string, forceable: boolean): void {
    this.conflicts.push({ path, reason, forceable });
  }
}

function hasOtherMode(a: SnapshotEntry | null, b: SnapshotEntry | null): boolean {
  const modeOf = (entry: SnapshotEntry | null): number | null =>
    entry === null || entry.kind === "symlink" ? null : entry.mode;
  return a?.kind === b?.kind && modeOf(a) !== modeOf(b);
}

/** Throws `WorkspaceError` ("usage") for a place that no state can be written to: a file, a workspace, inside this one. */
function assertTarget({ files, root }: SnapshotStore, target: string): void {
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
function workspaceOnTheWay(
  { files, root }: SnapshotStore,
  target: string,
  steps: readonly ApplyStep[],
): readonly ApplyConflict[] {
  const isWorkspaceAt = workspacesIn(files, target, root);
  const folders = new Set(steps.flatMap(({ path }) => [...parentsOf(path), path]));
  const reason = "is a workspace, which is never written to";
  return [...folders].filter(isWorkspaceAt).map((path): ApplyConflict => ({ path, reason, forceable: false }));
}
