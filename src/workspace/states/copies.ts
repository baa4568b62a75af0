import { dirname, isAbsolute, join } from "node:path";
import type { CopyChanges } from "../../kernel/context.ts";
import { StorageError } from "../../kernel/errors.ts";
import type { Edit } from "../../model/hypothesis.ts";
import { comparePaths, isTreePath, isWithinAny, parentsOf } from "../../model/tree-path.ts";
import type { Failure } from "../../model/trial.ts";
import { sha256Of } from "../../platform/files/hash.ts";
import { quoted } from "../../text/printable.ts";
import { fileLine, gitName } from "./diff.ts";
import { EDIT_LIMITS, EditRefused } from "./draft.ts";
import { tryEdits } from "./edits.ts";
import { type Excludes, fixedExcludes, keeping, withoutWorkspaces } from "./excludes.ts";
import { entriesOf, type ScanLimits, scanTree, TreeTooLarge } from "./scan.ts";
import {
  type ArtifactWarning,
  type Change,
  changesBetween,
  makeSnapshot,
  type Snapshot,
  type SnapshotEntry,
  sameContent,
} from "./snapshot.ts";
import { type NewEntry, type SnapshotStore, writeTree } from "./store.ts";
import { decodeText, endingLike, splitLines } from "./text.ts";

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

const COPY_LIMITS: ScanLimits = { entries: 20_000, bytes: 2 * 1024 ** 3, pathLength: 1024 };

/** What is no part of a copy's state. */
interface CopyRules {
  /** By ignore files above the project. Default: nothing. */
  readonly outer?: Excludes;
  /** Which folders of the project are workspaces. Default: none. */
  readonly isWorkspace?: (folder: string) => boolean;
}

export interface CaptureCopyOptions extends CopyRules {
  /** The state the copy was made with: what it held stays in, even where an ignore file says otherwise. */
  readonly base: string;
  /** States of the user's own files (the project, the start): their ignore files say what stays out. Default: none. */
  readonly rulesOf?: readonly string[];
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
  const excludes = rulesFor(store, options.rulesOf ?? [], store.read(options.base), options);
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

/** What stays out of a copy that nobody vouches for; what was known before stays in. */
function rulesFor(
  store: SnapshotStore,
  rulesOf: readonly string[],
  known: Snapshot,
  { outer, isWorkspace = () => false }: CopyRules,
): Excludes {
  const kept = new Set(known.entries.map(({ path }) => path));
  return withoutWorkspaces(keeping(fixedExcludes(ignoreFiles(store, rulesOf), outer), kept), isWorkspace);
}

/** The texts of the ignore files in these states, by the folder they are in. */
function ignoreFiles(store: SnapshotStore, states: readonly string[]): ReadonlyMap<string, string> {
  const texts = new Map<string, string>();
  for (const entry of states.flatMap((id) => store.read(id).entries)) {
    if (entry.kind !== "file" || (entry.path !== ".gitignore" && !entry.path.endsWith("/.gitignore"))) continue;
    texts.set(dirname(entry.path), decodeText(store.objects.read(entry.sha256)) ?? "");
  }
  return texts;
}

/** A copy of the project that `makeTrialCopy` made, and what it was made of. */
export interface CopyRequest extends CopyRules {
  /** State of the project's files outside the artifacts. */
  readonly project: string;
  /** State of the artifacts that the copy was made with. */
  readonly base: string;
  /** State of the artifacts at the start of the run: with the project's, its ignore files say what is no change. */
  readonly start: string;
  readonly tracked: readonly string[];
  /** Paths of the linked inputs, relative to the project. */
  readonly inputs: readonly string[];
  readonly target: string;
}

/** Changed paths outside the artifacts that are named. */
const NAMED = 20;
/** A program that changed more than this did not mean it as an edit: bytes of all changed files. */
const MAX_EDITED_BYTES = 3 * 1024 * 1024;

/**
 * What a program changed in its copy, as edits that make the base state just that. Nobody vouches for the tree: links
 * are not followed, and a link, a binary file or too large a change is a failure that says so. Stores nothing. Of
 * permissions only whether a file can be executed counts, as in git.
 */
export function changesInCopy(store: SnapshotStore, request: CopyRequest): CopyChanges {
  const { base, tracked } = request;
  try {
    const before = withoutInputs(store.read(base), request);
    refuseLinksOnTheWay(store, request, before);
    const { state: after, warnings } = scanned(store, request, tracked, before);
    // A tracked path that is gone was deleted, which is an edit.
    const lost = warnings.find(({ code }) => code !== "artifact-left-out");
    if (lost !== undefined) throw new EditRefused("edit-invalid", lost.message);
    const changes = changesBetween(before, after).filter(isRealChange);
    const edits = editsFor(store, request.target, changes);
    const made = tryEdits(store, base, edits, { tracked });
    if (made instanceof EditRefused) throw made;
    const differing = firstDifference(
      made.filter(({ path }) => !isWithinAny(path, request.inputs)),
      after,
    );
    if (differing !== null)
      throw new EditRefused("edit-invalid", `what became of ${quoted(differing)} cannot be said as an edit`);
    return { ok: true, edits, outside: changedOutside(store, request) };
  } catch (thrown) {
    const message = problemOf(thrown, request.target);
    if (message === null) throw thrown;
    return { ok: false, failure: { code: thrown instanceof EditRefused ? thrown.code : "copy-unreadable", message } };
  }
}

/** What stands in the copy for an input, which a tracked folder may hold, is no change. */
function withoutInputs({ entries }: Snapshot, { inputs }: CopyRequest): Snapshot {
  return makeSnapshot(entries.filter(({ path }) => !isWithinAny(path, inputs)));
}

/** A tracked path behind a new link would look as if all of it were gone. */
function refuseLinksOnTheWay(store: SnapshotStore, { target, tracked }: CopyRequest, before: Snapshot): void {
  const links = new Set(before.entries.filter(({ kind }) => kind === "symlink").map(({ path }) => path));
  const places = tracked.filter((path) => path !== ".").flatMap((path) => [...parentsOf(path), path]);
  const link = places.find((path) => !links.has(path) && store.files.stat(join(target, path))?.kind === "symlink");
  if (link !== undefined) throw new EditRefused("edit-invalid", `${quoted(link)} was made a symbolic link`);
}

interface Scanned {
  readonly state: Snapshot;
  /** What no state can hold: pipes and the like, and names that are not valid UTF-8. */
  readonly warnings: readonly ArtifactWarning[];
}

/** Parts of the copy as they are now, without what ignore files of the user say is no part of the project. */
function scanned(store: SnapshotStore, request: CopyRequest, parts: readonly string[], known: Snapshot): Scanned {
  const { project, start, target, inputs } = request;
  const { found, warnings } = scanTree(store.files, {
    root: target,
    tracked: parts,
    excludes: rulesFor(store, [project, start], known, request),
    strict: false,
    limits: COPY_LIMITS,
    without: inputs,
  });
  return { state: makeSnapshot(entriesOf(store.files, target, found)), warnings };
}

/** Folders come and go with the files in them. */
function isRealChange({ before, after }: Change): boolean {
  if (before?.kind !== "file" || after?.kind !== "file") return isEntry(before) || isEntry(after);
  return !sameContent(before, after) || isExecutable(before) !== isExecutable(after);
}

function isEntry(entry: SnapshotEntry | null): boolean {
  return entry !== null && entry.kind !== "directory";
}

function isExecutable(entry: NewEntry | null): boolean {
  return entry?.kind === "file" && (entry.mode & 0o100) !== 0;
}

/** Deletions first, so that what was in the way of a new file is gone by then. */
function editsFor(store: SnapshotStore, target: string, changes: readonly Change[]): readonly Edit[] {
  const bytes = changes.reduce((sum, { after }) => sum + (after?.kind === "file" ? after.size : 0), 0);
  if (bytes > MAX_EDITED_BYTES) {
    throw new EditRefused("edit-invalid", `the changed files have ${bytes} bytes: more than ${MAX_EDITED_BYTES}`);
  }
  const replaced = changes.filter(({ before, after }) => isEntry(before) && !isChangedInPlace(before, after));
  const deleted = replaced.map(({ path }): Edit => ({ path, delete: true }));
  const written = changes.flatMap(({ path, before, after }): readonly Edit[] => {
    if (after === null || after.kind === "directory") return [];
    if (after.kind === "symlink") throw new EditRefused("edit-invalid", unsayable(path, "was made a symbolic link"));
    if (after.size > EDIT_LIMITS.fileBytes)
      throw new EditRefused("edit-invalid", `${quoted(path)} is larger than ${EDIT_LIMITS.fileBytes} bytes`);
    const text = decodeText(store.files.readBytes(join(target, path)) ?? new Uint8Array());
    if (text === null) throw new EditRefused("edit-invalid", unsayable(path, "was changed, and is binary"));
    const known = isChangedInPlace(before, after) && before?.kind === "file" ? store.objects.read(before.sha256) : null;
    // Other line ends are kept as they were made by an edit of a new file only.
    if (known !== null && endingLike(text, decodeText(known) ?? "") !== text) {
      return [
        { path, delete: true },
        { path, content: text },
      ];
    }
    const isNewExecutable = isExecutable(after) && !isChangedInPlace(before, after);
    return [isNewExecutable ? { diff: creation(path, text) } : { path, content: text }];
  });
  return [...deleted, ...written];
}

function unsayable(path: string, what: string): string {
  return `${quoted(path)} ${what}: an edit can hold only text. Name it in a .gitignore of the project if it is no part of the work, such as a cache, else have the agent remove it`;
}

function isChangedInPlace(before: SnapshotEntry | null, after: SnapshotEntry | null): boolean {
  return before?.kind === "file" && after?.kind === "file" && isExecutable(before) === isExecutable(after);
}

/** Only a diff can say that a new file is one to execute. */
function creation(path: string, text: string): string {
  const lines = splitLines(text).map((line) =>
    line.endsWith("\n") ? `+${line}` : `+${line}\n\\ No newline at end of file\n`,
  );
  const [from, to] = [gitName("a", path), gitName("b", path)];
  const names = `diff --git ${from} ${to}\nnew file mode 100755\n--- /dev/null\n+++ ${fileLine(to)}\n`;
  return `${names}@@ -0,0 +1,${lines.length} @@\n${lines.join("")}`;
}

/** The first path at which edits would make something else than what is there, folders apart. */
function firstDifference(made: readonly NewEntry[], after: Snapshot): string | null {
  const wanted = new Map(after.entries.filter(isEntry).map((entry) => [entry.path, entry]));
  const files = made.filter(({ kind }) => kind !== "directory");
  const wrong = files.find((entry) => !isSame(entry, wanted.get(entry.path)));
  if (wrong) return wrong.path;
  const paths = new Set(files.map(({ path }) => path));
  return [...wanted.keys()].find((path) => !paths.has(path)) ?? null;
}

function isSame(made: NewEntry, wanted: SnapshotEntry | undefined): boolean {
  if (made.kind === "symlink") return wanted?.kind === "symlink" && wanted.target === made.target;
  if (made.kind !== "file" || wanted?.kind !== "file") return false;
  const sha256 = "content" in made ? sha256Of(made.content) : made.sha256;
  return sha256 === wanted.sha256 && isExecutable(made) === isExecutable(wanted);
}

function changedOutside(store: SnapshotStore, request: CopyRequest): readonly string[] {
  const { project, tracked } = request;
  const isOutside = ({ path, kind }: SnapshotEntry): boolean => kind !== "directory" && !isWithinAny(path, tracked);
  const before = store.read(project);
  const only = ({ entries }: Snapshot): Snapshot => makeSnapshot(entries.filter(isOutside));
  const { state: after } = scanned(store, request, ["."], before);
  return changesBetween(only(withoutInputs(before, request)), only(after))
    .filter(isRealChange)
    .map(({ path }) => path)
    .slice(0, NAMED);
}

/** What is wrong with the tree itself; `null` for an error that has another cause, such as a full disk. */
function problemOf(thrown: unknown, target: string): string | null {
  if (thrown instanceof EditRefused) return thrown.message;
  if (thrown instanceof TreeTooLarge) return `what was left cannot be kept: ${thrown.message}`;
  if (!(thrown instanceof StorageError) || !thrown.path.startsWith(join(target, "/"))) return null;
  return `what was left cannot be read: ${thrown.message}`;
}
