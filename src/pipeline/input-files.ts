import type { DirectoryEntry, FileStat, Files } from "../kernel/effects.ts";
import { isWorkspace } from "../workspace/artifacts/index.ts";
import { lockFile } from "../workspace/layout.ts";
import { readLockEntry } from "../workspace/lock-file.ts";

/** One thing that an input consists of; `name` is its path in the input, with a slash before it, and empty for the input itself. */
export type InputEntry =
  | { readonly kind: "file"; readonly name: string; readonly place: string; readonly stat: FileStat }
  /** A link inside the input, by what it says; what it leads to follows under the same name. */
  | { readonly kind: "link"; readonly name: string; readonly target: string }
  | { readonly kind: "empty-folder"; readonly name: string };

/** How inputs are looked at. */
export interface InputScope {
  readonly files: Files;
  /** The run's own workspace, absolute: no part of any input. */
  readonly workspace: string;
}

/**
 * All that an input file or folder consists of, in a fixed order; nothing for one that is not there. Links are followed,
 * and each folder is taken in once however many lead to it. `.git` and workspaces are no part of an input: both change
 * while nobody changes the data.
 */
export function listInput(path: string, scope: InputScope): readonly InputEntry[] {
  const walk = new Walk(scope);
  walk.at(path, "");
  return walk.found;
}

class Walk {
  readonly found: InputEntry[] = [];
  readonly #files: Files;
  readonly #workspace: string;
  readonly #folders = new Set<string>();

  constructor({ files, workspace }: InputScope) {
    this.#files = files;
    this.#workspace = files.realPath(workspace) ?? workspace;
  }

  /** What is at a path, behind all links. */
  at(path: string, name: string): void {
    const place = this.#files.realPath(path);
    const stat = place === null ? null : this.#files.stat(place);
    if (place === null || stat === null) return;
    if (stat.kind === "file") this.found.push({ kind: "file", name, place, stat });
    else if (stat.kind === "directory") this.#folder(place, name);
  }

  #folder(place: string, name: string): void {
    if (this.#folders.has(place)) return;
    this.#folders.add(place);
    const entries = this.#files.list(place) ?? [];
    if (name !== "" && this.#isWorkspace(place, entries)) return;
    if (entries.length === 0) this.found.push({ kind: "empty-folder", name });
    for (const entry of entries) this.#entry(`${place}/${entry.name}`, `${name}/${entry.name}`, entry);
  }

  #entry(place: string, name: string, entry: DirectoryEntry): void {
    if (entry.name === ".git") return;
    if (entry.kind === "directory") this.#folder(place, name);
    else if (entry.kind === "file") {
      const stat = this.#files.stat(place);
      if (stat !== null) this.found.push({ kind: "file", name, place, stat });
    } else if (entry.kind === "symlink") this.#link(place, name);
  }

  #link(place: string, name: string): void {
    const target = this.#files.readLink(place);
    if (target === null) return;
    this.found.push({ kind: "link", name, target });
    const real = this.#files.realPath(place);
    if (real !== null && real !== this.#workspace && !real.startsWith(`${this.#workspace}/`)) this.at(real, name);
  }

  #isWorkspace(place: string, entries: readonly DirectoryEntry[]): boolean {
    if (place === this.#workspace || isWorkspace(this.#files, place, entries)) return true;
    // One that another run is about to begin is locked before it holds a run.
    const lock = lockFile(place);
    const isLocked = entries.some(({ name, kind }) => kind === "file" && `${place}/${name}` === lock);
    return isLocked && (readLockEntry(lock, this.#files)?.holder ?? null) !== null;
  }
}
