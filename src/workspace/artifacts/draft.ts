import type { ObjectStore } from "./objects.ts";
import { isWithin, parentsOf } from "./paths.ts";
import type { Snapshot, SnapshotEntry } from "./snapshot.ts";
import type { NewEntry } from "./store.ts";

const NEW_FOLDER_MODE = 0o755;

/** A state being changed in memory: what it was made from stays as it is. */
export class Draft {
  readonly #objects: ObjectStore;
  readonly #entries: Map<string, NewEntry>;
  readonly #base: Snapshot;
  #named: ReadonlySet<string> | null = null;

  constructor(objects: ObjectStore, base: Snapshot) {
    this.#objects = objects;
    this.#base = base;
    this.#entries = new Map(base.entries.map((entry): [string, SnapshotEntry] => [entry.path, entry]));
  }

  get(path: string): NewEntry | null {
    return this.#entries.get(path) ?? null;
  }

  /** Whether the path is taken, or was in the state that this one is made from: its name is nothing new. */
  knows(path: string): boolean {
    if (this.#entries.has(path)) return true;
    this.#named ??= new Set(this.#base.entries.map((entry) => entry.path));
    return this.#named.has(path);
  }

  /** Whether anything lies inside this path, or the path is a folder of its own. */
  isFolder(path: string): boolean {
    if (this.get(path)?.kind === "directory") return true;
    for (const other of this.#entries.keys()) if (other.startsWith(`${path}/`)) return true;
    return false;
  }

  /** Drops a folder in which nothing but folders is left; `false` when something is, or there is no folder. */
  dropEmptyFolder(path: string): boolean {
    const inside = [...this.#entries.values()].filter((entry) => isWithin(entry.path, path));
    if (inside.length === 0 || inside.some(({ kind }) => kind !== "directory")) return false;
    for (const entry of inside) this.#entries.delete(entry.path);
    return true;
  }

  /** Bytes of a file; `null` when there is no file at the path. */
  bytes(path: string): Uint8Array | null {
    const entry = this.get(path);
    if (entry?.kind !== "file") return null;
    return "content" in entry ? entry.content : this.#objects.read(entry.sha256);
  }

  /** Writes a file; folders on the way that lie inside a tracked one are made. */
  write(path: string, content: Uint8Array, mode: number, insideTracked: (folder: string) => boolean): void {
    for (const folder of parentsOf(path)) {
      if (insideTracked(folder) && !this.#entries.has(folder)) {
        this.#entries.set(folder, { path: folder, kind: "directory", mode: NEW_FOLDER_MODE });
      }
    }
    this.#entries.set(path, { path, kind: "file", mode, content });
  }

  /** Removes a file or a link; the folder it was in stays, empty if it was the last. */
  delete(path: string): void {
    this.#entries.delete(path);
  }

  entries(): readonly NewEntry[] {
    return [...this.#entries.values()];
  }
}
