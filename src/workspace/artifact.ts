import { dirname, join, resolve } from "node:path";
import type { Effects, Files } from "../kernel/effects.ts";
import { messageOf, UsageError, WorkspaceError } from "../kernel/errors.ts";
import { assertArgument, assertOptions, objectOf, TEXT } from "../kernel/given-options.ts";
import { type Artifact, artifactPath } from "../model/artifact.ts";
import { isTreePath, isWithin, isWithinAny, parentsOf } from "../model/tree-path.ts";
import { systemEffects } from "../platform/system.ts";
import {
  type ArtifactEntry,
  type ArtifactState,
  madeState,
  putState,
  readable,
  readState,
} from "./states/in-memory.ts";
import { diffSnapshots, findState, SnapshotStore } from "./states/index.ts";
import type { FileEntry } from "./states/snapshot.ts";
import { decodeText } from "./states/text.ts";
import { stateRecordsOf } from "./views/queries.ts";
import type { Workspace } from "./workspace.ts";

/** Where an artifact is. */
export interface ArtifactOptions {
  /** The folder that `path` is relative to: the project, or a copy of it. Default: the current folder. */
  readonly root?: string;
  /** The outside; the machine itself by default. */
  readonly effects?: Pick<Effects, "files">;
}

/** What files and folders that evolve have in common. */
export abstract class TrackedArtifact implements Artifact {
  abstract readonly kind: Artifact["kind"];
  readonly path: string;
  /** Absolute path of the folder that `path` is relative to. */
  readonly root: string;
  protected readonly files: Files;

  constructor(path: string, options: ArtifactOptions = {}) {
    this.path = trackedPath(new.target.name, path);
    assertOptions(new.target.name, options, { root: TEXT, effects: objectOf() });
    this.root = resolve(options.root ?? ".");
    this.files = (options.effects ?? systemEffects()).files;
  }

  /** Its state as it is now: every file with its bytes and mode, and the links, held in memory. Nothing where it is not there. */
  snapshot(): ArtifactState {
    return readState(this.files, this.root, this.path);
  }

  /** What has changed since a state, as a unified diff of text; empty when nothing has. */
  diff(since: ArtifactState): string {
    const now = this.snapshot();
    return diffSnapshots(readable([since, now]), since.id, now.id);
  }

  /**
   * Makes it what it was in a state, byte for byte, modes and links included; what git ignores is left alone. Each file is
   * replaced as a whole; of several, some may be done when the disk is full. Throws `UsageError` for a state of something else.
   */
  restore(state: ArtifactState): void {
    const stranger = state.entries.find(({ path }) => !isWithin(path, this.path));
    if (stranger !== undefined)
      throw new UsageError(`the state is of ${JSON.stringify(stranger.path)} and not of the artifact ${this.path}`);
    putState(this.files, this.root, this.snapshot(), state);
  }

  /**
   * Its state in a run: `best`, `start`, the number of an iteration (what that carried on) or the id of a hypothesis. Throws
   * `WorkspaceError` ("usage") when the run has no such state, or does not track all of this artifact.
   */
  recorded(workspace: Workspace, name: string): ArtifactState {
    const tracked = workspace.readManifest()?.project?.scope.tracked ?? [];
    if (!isWithinAny(this.path, tracked))
      throw new WorkspaceError("usage", `the run in ${workspace.root} does not track ${JSON.stringify(this.path)}`);
    const store = new SnapshotStore(workspace.root, workspace.effects.files);
    const { entries } = store.read(findState(stateRecordsOf(workspace), name).snapshot);
    const own = entries.filter(({ path }) => isWithin(path, this.path));
    return madeState(own.map((one) => (one.kind === "file" ? fileOf(one, store) : one)));
  }

  protected readAt(path: string): string | null {
    const kind = this.#kindAt(path);
    if (kind === null) return null;
    const bytes = kind === "file" ? this.files.readBytes(join(this.root, path)) : null;
    const text = bytes && decodeText(bytes);
    if (text === null)
      throw new UsageError(`${join(this.root, path)} cannot be read as text: it is no UTF-8 text file`);
    return text;
  }

  protected writeAt(path: string, content: string | Uint8Array): void {
    const kind = this.#kindAt(path);
    const file = join(this.root, path);
    if (kind !== null && kind !== "file") throw new UsageError(`${file} cannot be written: it is no file`);
    this.files.makeDirectory(dirname(file));
    const mode = this.files.stat(file)?.mode;
    this.files.writeAtomic(file, content, mode === undefined ? {} : { mode: mode & 0o777 });
  }

  /** What is at a path. A link, there or on the way, could lead anywhere: throws `UsageError`. */
  #kindAt(path: string): "file" | "directory" | "other" | null {
    for (const place of [...parentsOf(path), path]) {
      if (this.files.stat(join(this.root, place))?.kind === "symlink")
        throw new UsageError(`${join(this.root, place)} is a symbolic link: name what it leads to`);
    }
    const kind = this.files.stat(join(this.root, path))?.kind ?? null;
    return kind === "symlink" ? "other" : kind;
  }
}

/** A file that evolves across iterations: hypotheses may edit it. `path` is relative to the project. */
export class FileArtifact extends TrackedArtifact {
  readonly kind = "file";

  /** Throws `UsageError` when the path is absolute, leaves the project, or is a folder's. */
  constructor(path: string, options: ArtifactOptions = {}) {
    super(path, options);
    if (this.path === "." || path.endsWith("/"))
      throw new UsageError(`FileArtifact: ${JSON.stringify(path)} is a folder: use DirectoryArtifact`);
  }

  /** The same file in another folder, such as a trial's copy of the project. */
  in(root: string): FileArtifact {
    return new FileArtifact(this.path, { root, effects: { files: this.files } });
  }

  /** Its text; `null` when there is no such file. Throws `UsageError` for what is no UTF-8 text, and for links. */
  read(): string | null {
    return this.readAt(this.path);
  }

  /** Replaces it as a whole, or creates it; a mode that it has stays. Throws `UsageError` for links. */
  write(content: string | Uint8Array): void {
    this.writeAt(this.path, content);
  }
}

/** A folder that evolves across iterations, with all in it. `path` is relative to the project; `.` is all of it. */
export class DirectoryArtifact extends TrackedArtifact {
  readonly kind = "directory";

  /** The same folder in another one, such as a trial's copy of the project. */
  in(root: string): DirectoryArtifact {
    return new DirectoryArtifact(this.path, { root, effects: { files: this.files } });
  }

  /** The files in it that are part of its state, by their paths inside it, sorted. */
  list(): readonly string[] {
    const skipped = this.path === "." ? 0 : this.path.length + 1;
    return this.snapshot().entries.flatMap(({ kind, path }) => (kind === "file" ? [path.slice(skipped)] : []));
  }

  /** Text of a file in it; `null` when there is no such file. Throws `UsageError` for what is no UTF-8 text, for links and for paths that leave it. */
  read(path: string): string | null {
    return this.readAt(this.#inside(path));
  }

  /** Replaces a file in it as a whole, or creates it; a mode that it has stays. Throws `UsageError` as `read` does. */
  write(path: string, content: string | Uint8Array): void {
    this.writeAt(this.#inside(path), content);
  }

  /** Removes a file of it; nothing there is fine. */
  remove(path: string): void {
    this.files.remove(join(this.root, this.#inside(path)));
  }

  #inside(path: string): string {
    if (!isTreePath(path)) throw new UsageError(`${JSON.stringify(path)} is no path inside of ${this.path}`);
    return this.path === "." ? path : `${this.path}/${path}`;
  }
}

function fileOf({ path, mode, sha256 }: FileEntry, { objects }: SnapshotStore): ArtifactEntry {
  return { path, kind: "file", mode, content: objects.read(sha256) };
}

function trackedPath(what: string, path: string): string {
  assertArgument(what, "path", path, {
    expected: "a path, relative to the project",
    holds: (value) => typeof value === "string",
  });
  try {
    return artifactPath(path);
  } catch (thrown) {
    throw new UsageError(`${what}: ${messageOf(thrown)}`);
  }
}
