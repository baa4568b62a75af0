import { join } from "node:path";
import type { ApplyStep } from "../../model/apply.ts";
import { sameContent } from "./changes.ts";
import { childOf, comparePaths, parentsOf } from "./paths.ts";
import type { Snapshot, SnapshotEntry } from "./snapshot.ts";
import type { SnapshotStore } from "./store.ts";

/** A path that cannot be brought to the state as it is. */
export interface ApplyConflict {
  readonly path: string;
  readonly reason: string;
  /** `force` goes over it; otherwise nothing does: the user has to move what is in the way. */
  readonly forceable: boolean;
}

export interface ApplyPlan {
  /** Absolute path of the folder. */
  readonly target: string;
  readonly snapshot: string;
  readonly steps: readonly ApplyStep[];
  readonly conflicts: readonly ApplyConflict[];
}

export interface ApplyRequest {
  readonly target: string;
  /** The state to write. */
  readonly snapshot: string;
  /** The state the run started from: what the user's files are expected to be. */
  readonly start: string;
  /** A state that was applied to this folder before: files that are still so are not the user's changes. */
  readonly applied?: string;
}

/**
 * What has to be done to a folder so that its tracked artifacts are a state. Only paths of the start and of the state
 * are looked at; a file that is neither as it was at the start, nor as it was applied, nor as it should be, is a
 * conflict. Writes nothing.
 */
export function planApply(store: SnapshotStore, request: ApplyRequest): ApplyPlan {
  const planner = new Planner(store, request);
  planner.plan();
  const { target, snapshot } = request;
  return { target, snapshot, steps: planner.steps(), conflicts: planner.conflicts };
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
  readonly #store: SnapshotStore;
  readonly #request: ApplyRequest;
  readonly #state: Snapshot;
  readonly #origins: readonly ReadonlyMap<string, SnapshotEntry>[];
  readonly #deletes = new Map<string, ApplyStep>();
  readonly #folderDeletes: ApplyStep[] = [];
  readonly #folders: ApplyStep[] = [];
  readonly #writes: ApplyStep[] = [];
  readonly #modes: ApplyStep[] = [];

  constructor(store: SnapshotStore, request: ApplyRequest) {
    this.#store = store;
    this.#request = request;
    this.#state = store.read(request.snapshot);
    const origins = [request.start, ...(request.applied === undefined ? [] : [request.applied])];
    this.#origins = origins.map((id) => new Map(store.read(id).entries.map((entry) => [entry.path, entry])));
  }

  plan(): void {
    const desired = new Map(this.#state.entries.map((entry) => [entry.path, entry]));
    const paths = new Set([...desired.keys(), ...this.#origins.flatMap((origin) => [...origin.keys()])]);
    // What goes comes first: a folder is only in the way of a file when something in it stays.
    const sorted = [...paths].sort(comparePaths);
    for (const path of sorted.filter((one) => !desired.has(one)).reverse()) this.#remove(path);
    for (const path of sorted) {
      const entry = desired.get(path);
      if (entry !== undefined) this.#bring(entry);
    }
  }

  steps(): readonly ApplyStep[] {
    const modes = [...this.#modes].reverse();
    return [...this.#deletes.values(), ...this.#folderDeletes, ...this.#folders, ...this.#writes, ...modes];
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
      if (this.#isEmptied(path)) this.#folderDeletes.push({ action: "remove-folder", path });
      return;
    }
    if (!this.#isExpected(path, actual))
      this.#conflict(path, "changed since the start; the state has no such file", true);
    this.#deletes.set(path, { action: "delete", path, before: contentKey(actual) });
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
      this.#folderDeletes.push({ action: "remove-folder", path });
    } else if (actual !== null && sameContent(actual, entry)) {
      this.#bringMode(entry, actual);
      return;
    } else if (actual !== null && !this.#isExpected(path, actual)) {
      this.#conflict(path, "changed since the start", true);
    }
    const before = actual === null || actual.kind === "directory" ? {} : { before: contentKey(actual) };
    const mode = entry.kind === "file" ? { mode: entry.mode } : {};
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
    this.#folders.push({ action: "make-folder", path });
    this.#modes.push({ action: "set-mode", path, mode });
  }

  /** Only a mode that the run changed is set: one that differs because of the user's mask is left alone. */
  #bringMode(entry: SnapshotEntry, actual: SnapshotEntry): void {
    if (entry.kind === "symlink" || actual.kind === "symlink" || entry.mode === actual.mode) return;
    const { path, mode } = entry;
    const isChanged = this.#origins.some((origin) => {
      const before = origin.get(path);
      return before !== undefined && before.kind !== "symlink" && before.mode !== mode;
    });
    if (isChanged) this.#modes.push({ action: "set-mode", path, mode });
  }

  #isExpected(path: string, actual: SnapshotEntry): boolean {
    return this.#origins.some((origin) => sameContent(origin.get(path) ?? null, actual));
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
      if (this.#state.entries.some((entry) => entry.path === folder && entry.kind === "directory")) continue;
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
