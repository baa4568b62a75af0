import { dirname, isAbsolute, join } from "node:path";
import { StorageError } from "../../kernel/errors.ts";
import type { Failure } from "../../model/trial.ts";
import { type Excludes, fixedExcludes, keeping, withoutWorkspaces } from "./excludes.ts";
import { writeTree } from "./materialize.ts";
import { comparePaths, isTreePath, isWithinAny } from "./paths.ts";
import { type ScanLimits, TreeTooLarge } from "./scan.ts";
import type { ArtifactWarning, SnapshotEntry } from "./snapshot.ts";
import type { SnapshotStore } from "./store.ts";
import { decodeText } from "./text.ts";

/** A read-only input and where it lies. */
export interface LinkedInput {
  /** Relative to the project. */
  readonly path: string;
  readonly absolutePath: string;
}

export interface TrialCopyRequest {
  /** State of the project's files outside the artifacts; `null` for a copy that holds nothing else. */
  readonly project: string | null;
  /** State of the tracked artifacts; `null` when none are tracked. */
  readonly artifacts: string | null;
  readonly tracked: readonly string[];
  readonly inputs: readonly LinkedInput[];
  /** Absolute; whatever is there is replaced. */
  readonly target: string;
}

/**
 * Makes a trial's own copy of the project: its files, the artifacts in their state, and links to the inputs at their
 * relative paths. Inputs outside the project have no place in a copy; they are returned.
 */
export function makeTrialCopy(store: SnapshotStore, request: TrialCopyRequest): readonly LinkedInput[] {
  const inside = request.inputs.filter(({ path }) => !isAbsolute(path) && isTreePath(path));
  const linked = outermost(inside);
  const places = linked.map(({ path }) => path);
  const project = request.project === null ? [] : store.read(request.project).entries;
  const artifacts = request.artifacts === null ? [] : store.read(request.artifacts).entries;
  const entries: SnapshotEntry[] = [
    ...project.filter(({ path }) => !isWithinAny(path, request.tracked) && !isWithinAny(path, places)),
    ...artifacts.filter(({ path }) => !isWithinAny(path, places)),
    ...linked.map(({ path, absolutePath }): SnapshotEntry => ({ path, kind: "symlink", target: absolutePath })),
  ];
  store.files.remove(request.target);
  writeTree(
    store.files,
    store.objects,
    request.target,
    entries.sort((a, b) => comparePaths(a.path, b.path)),
  );
  return request.inputs.filter((input) => !inside.includes(input));
}

/** An input inside another one is there already. */
function outermost(inputs: readonly LinkedInput[]): readonly LinkedInput[] {
  const paths = inputs.map(({ path }) => path);
  return inputs.filter(
    ({ path }, index) =>
      paths.indexOf(path) === index &&
      !isWithinAny(
        path,
        paths.filter((other) => other !== path),
      ),
  );
}

export type CapturedCopy =
  | { readonly ok: true; readonly snapshot: string; readonly warnings: readonly ArtifactWarning[] }
  | { readonly ok: false; readonly failure: Failure };

export const COPY_LIMITS: ScanLimits = { entries: 20_000, bytes: 2 * 1024 ** 3, pathLength: 1024 };

export interface CaptureCopyOptions {
  /** The state the copy was made with: what it held stays in, even where an ignore file says otherwise. */
  readonly base: string;
  /** States of the user's own files (the project, the start): their ignore files say what stays out. Default: none. */
  readonly rulesOf?: readonly string[];
  /** What else stays out: by ignore files above the project. Default: nothing. */
  readonly outer?: Excludes;
  /** Which folders of the project are workspaces, whose copies are no part of a state. Default: none. */
  readonly isWorkspace?: (folder: string) => boolean;
  /** Paths of the linked inputs, relative to the project: they are no part of a state. Default: none. */
  readonly inputs?: readonly string[];
  readonly limits?: ScanLimits;
}

/**
 * The state of the tracked artifacts that a trial or an agent left in its copy. Nobody vouches for that tree: links are
 * recorded and never followed, special files are left out, one that is too large or cannot be read is a failure.
 */
export function captureTrialCopy(
  store: SnapshotStore,
  target: string,
  tracked: readonly string[],
  options: CaptureCopyOptions,
): CapturedCopy {
  const kept = new Set(store.read(options.base).entries.map(({ path }) => path));
  const rules = keeping(fixedExcludes(ignoreFiles(store, options.rulesOf ?? []), options.outer), kept);
  const excludes = withoutWorkspaces(rules, options.isWorkspace ?? (() => false));
  const { limits = COPY_LIMITS, inputs: without = [] } = options;
  try {
    const how = { excludes, strict: false, limits, without };
    const { snapshot, warnings } = store.capture(target, tracked, how);
    return { ok: true, snapshot: snapshot.id, warnings };
  } catch (error) {
    const message = problemOf(error, target);
    if (message === null) throw error;
    return { ok: false, failure: { code: "artifacts-not-captured", message } };
  }
}

/** The texts of the ignore files in these states, by the folder they are in. */
export function ignoreFiles(store: SnapshotStore, states: readonly string[]): ReadonlyMap<string, string> {
  const texts = new Map<string, string>();
  for (const entry of states.flatMap((id) => store.read(id).entries)) {
    if (entry.kind !== "file" || (entry.path !== ".gitignore" && !entry.path.endsWith("/.gitignore"))) continue;
    texts.set(dirname(entry.path), decodeText(store.objects.read(entry.sha256)) ?? "");
  }
  return texts;
}

/** What is wrong with the tree itself; `null` for an error that has another cause, such as a full disk. */
function problemOf(error: unknown, target: string): string | null {
  if (error instanceof TreeTooLarge) return `what the trial left cannot be kept: ${error.message}`;
  if (!(error instanceof StorageError) || !error.path.startsWith(join(target, "/"))) return null;
  return `what the trial left cannot be read: ${error.message}`;
}
