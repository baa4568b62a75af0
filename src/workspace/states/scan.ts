import type { DirectoryEntry, EntryKind, FileStat, Files } from "../../kernel/effects.ts";
import { SpecError } from "../../kernel/errors.ts";
import { childOf, isTreePath, isWithin, isWithinAny, parentsOf } from "../../model/tree-path.ts";
import { quoted } from "../../text/printable.ts";
import { type Excludes, HARD_EXCLUDES, isWorkspace } from "./excludes.ts";
import type { ArtifactWarning, SnapshotEntry } from "./snapshot.ts";

/** One thing found in a tree. Links are not followed. */
export interface Found {
  readonly path: string;
  readonly stat: FileStat;
  /** Of a symbolic link. */
  readonly target?: string;
}

/** Bounds on a tree that nobody vouches for. */
export interface ScanLimits {
  readonly entries: number;
  readonly bytes: number;
  readonly pathLength: number;
}

export interface ScanRequest {
  readonly root: string;
  /** Files and folders to look at, relative to `root`, in normal form; `.` for all of it. */
  readonly tracked: readonly string[];
  readonly excludes: Excludes;
  /** The tree is the user's: what cannot be tracked is an error (`SpecError`). Otherwise it is left out with a warning. */
  readonly strict: boolean;
  readonly limits?: ScanLimits;
  /** Paths that are no part of the tree with all in them: read-only inputs. Default: none. */
  readonly without?: readonly string[];
  /** Absolute path of a folder that is no part of the tree: the workspace that looks at it. */
  readonly workspace?: string;
}

export interface Scan {
  readonly found: readonly Found[];
  readonly warnings: readonly ArtifactWarning[];
}

/** A tree is larger than its limits. */
export class TreeTooLarge extends Error {}

/**
 * Walks the tracked parts of a tree. Throws `SpecError` (only when `strict`) for a tracked path that is missing, lies
 * behind a symbolic link or is one that leaves the tree, and `TreeTooLarge` past the limits.
 */
export function scanTree(files: Files, request: ScanRequest): Scan {
  const walk = new Walk(files, request);
  for (const path of new Set(request.tracked)) walk.tracked(path);
  return { found: walk.found, warnings: walk.warnings };
}

/** What was found, as entries of a state; files are read to be hashed, and what is gone by then is left out. */
export function entriesOf(files: Files, root: string, found: readonly Found[]): readonly SnapshotEntry[] {
  return found.flatMap(({ path, stat, target }): readonly SnapshotEntry[] => {
    const mode = stat.mode & 0o777;
    if (target !== undefined) return [{ path, kind: "symlink", target }];
    if (stat.kind === "directory") return [{ path, kind: "directory", mode }];
    const sha256 = stat.kind === "file" ? files.hash(`${root}/${path}`) : null;
    return sha256 === null ? [] : [{ path, kind: "file", mode, size: stat.size, sha256 }];
  });
}

class Walk {
  readonly found: Found[] = [];
  readonly warnings: ArtifactWarning[] = [];
  readonly #files: Files;
  readonly #request: ScanRequest;
  readonly #realFolders = new Set<string>();
  /** Tracked paths may lie inside one another. */
  readonly #taken = new Set<string>();
  #bytes = 0;

  constructor(files: Files, request: ScanRequest) {
    this.#files = files;
    this.#request = request;
  }

  tracked(path: string): void {
    if (path === ".") {
      this.#folder(".", this.#rulesFor("."));
      return;
    }
    const stat = isTreePath(path) ? this.#files.stat(this.#at(path)) : null;
    const problem = this.#problemOf(path, stat);
    if (problem !== null) this.#refuse(path, problem);
    else if (stat !== null) this.#entry(path, stat.kind, this.#rulesFor(path), stat);
  }

  /** Why a path cannot be tracked. */
  #problemOf(path: string, stat: FileStat | null): string | null {
    if (!isTreePath(path)) return "is not a path inside the project: write it relative, without `..`";
    const link = this.#linkOnTheWay(path);
    if (link !== null) return `lies behind ${quoted(link)}, which is a symbolic link`;
    if (stat === null) return "does not exist";
    if (stat.kind === "other") return "is no file, folder or link";
    return stat.kind === "symlink" && this.#leaves(path) ? "is a link that leads out of the project" : null;
  }

  #folder(path: string, rules: Excludes): void {
    const entries = this.#files.list(this.#at(path)) ?? [];
    if (path !== "." && this.#isWorkspace(path, entries)) {
      this.#drop(path);
      return;
    }
    const hasIgnoreFile = entries.some((entry) => entry.name === ".gitignore" && entry.kind === "file");
    const inside = rules.within(path, hasIgnoreFile ? this.#files.readText(`${this.#at(path)}/.gitignore`) : null);
    for (const { name, kind } of entries) {
      const child = childOf(path, name);
      if (!inside.excluded(child, kind === "directory")) this.#entry(child, kind, inside);
    }
  }

  #entry(path: string, kind: EntryKind, rules: Excludes, known?: FileStat): void {
    const { limits, without = [] } = this.#request;
    if (isWithinAny(path, without)) return;
    if (limits && path.length > limits.pathLength) {
      throw new TreeTooLarge(`a path is longer than ${limits.pathLength} characters`);
    }
    if (kind === "other") {
      this.#warn("special-file", path, "is no file, folder or link");
      return;
    }
    const stat = known ?? this.#files.stat(this.#at(path));
    if (stat === null) {
      this.#warn("unreadable-name", path, "is gone, or its name is not valid UTF-8");
      return;
    }
    this.#add(path, stat);
    if (stat.kind === "directory") this.#folder(path, rules);
  }

  #add(path: string, stat: FileStat): void {
    if (this.#request.tracked.length > 1) {
      if (this.#taken.has(path)) return;
      this.#taken.add(path);
    }
    const { limits } = this.#request;
    const target = stat.kind === "symlink" ? this.#files.readLink(this.#at(path)) : null;
    this.found.push(target === null ? { path, stat } : { path, stat, target });
    if (stat.kind === "file") this.#bytes += stat.size;
    if (!limits) return;
    if (this.found.length > limits.entries) throw new TreeTooLarge(`there are more than ${limits.entries} entries`);
    if (this.#bytes > limits.bytes) throw new TreeTooLarge(`the files are larger than ${limits.bytes} bytes together`);
  }

  #isWorkspace(path: string, entries: readonly DirectoryEntry[]): boolean {
    const at = this.#at(path);
    return at === this.#request.workspace || isWorkspace(this.#files, at, entries);
  }

  /** A folder that turned out to be a workspace is no part of the tree, and neither is an entry for it. */
  #drop(path: string): void {
    if (this.found.at(-1)?.path === path) this.found.pop();
  }

  /** The rules on the way to a tracked path. What is tracked by name is in, even where an ignore file says otherwise. */
  #rulesFor(path: string): Excludes {
    let rules = this.#request.excludes;
    if (path === "." || rules === HARD_EXCLUDES) return rules;
    for (const folder of [".", ...parentsOf(path)]) {
      if (folder !== "." && rules.excluded(folder, true)) return HARD_EXCLUDES;
      const ignoreFile = `${this.#at(folder)}/.gitignore`;
      const isThere = this.#files.stat(ignoreFile)?.kind === "file";
      rules = rules.within(folder, isThere ? this.#files.readText(ignoreFile) : null);
    }
    const isDirectory = this.#files.stat(this.#at(path))?.kind === "directory";
    return rules.excluded(path, isDirectory) ? HARD_EXCLUDES : rules;
  }

  #linkOnTheWay(path: string): string | null {
    for (const folder of parentsOf(path)) {
      if (this.#realFolders.has(folder)) continue;
      if (this.#files.stat(this.#at(folder))?.kind === "symlink") return folder;
      this.#realFolders.add(folder);
    }
    return null;
  }

  #leaves(path: string): boolean {
    const root = this.#files.realPath(this.#request.root);
    const real = this.#files.realPath(this.#at(path));
    return root === null || (real !== null && !isWithin(real, root));
  }

  #refuse(path: string, problem: string): void {
    const message = `the tracked artifact ${quoted(path)} ${problem}`;
    if (this.#request.strict) throw new SpecError(message);
    this.warnings.push({ code: "artifact-left-out", message });
  }

  #warn(code: string, path: string, problem: string): void {
    this.warnings.push({ code, message: `${quoted(path)} ${problem}: left out` });
  }

  #at(path: string): string {
    // Paths are in normal form already, and there are many.
    return path === "." ? this.#request.root : `${this.#request.root}/${path}`;
  }
}
