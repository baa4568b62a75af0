import { dirname, isAbsolute, join, normalize } from "node:path";
import type { ArtifactsView } from "../../kernel/context.ts";
import type { Effects, Files } from "../../kernel/effects.ts";
import { hypothesisId } from "../../model/ids.ts";
import type { ProjectScope, TakenProject } from "../../model/run.ts";
import { childOf, comparePaths, holdsSecrets, isTracked, isWithinAny, parentsOf } from "../../model/tree-path.ts";
import { type Excludes, HARD_EXCLUDES, isWorkspace, projectExcludes, repositoryTop } from "./excludes.ts";
import { listOtherFiles, type ProjectRequest } from "./project.ts";
import { entriesOf, type Found, scanTree } from "./scan.ts";
import { type SnapshotEntry, sameContent } from "./snapshot.ts";
import type { SnapshotStore } from "./store.ts";
import { shownContent } from "./view.ts";

/** What a trial's own copy of a project would hold, as its files are now. Nothing of it is stored. */
export interface ProjectSurvey {
  readonly artifacts: readonly Found[];
  /** Files and links besides the artifacts. */
  readonly others: readonly Found[];
  /** Links that would be among these, if they did not lead out of the project. */
  readonly leadingOut: readonly string[];
}

/** Looks at a project as `captureProject` would take it in. */
export async function surveyProject(
  request: ProjectRequest,
  effects: Effects,
  signal: AbortSignal,
): Promise<ProjectSurvey> {
  const { root, tracked, inputs: without } = request;
  const { files } = effects;
  const { paths } = await listOtherFiles(request, effects, signal);
  const excludes = projectExcludes(files, root);
  const others = scanTree(files, { root, tracked: paths, excludes: HARD_EXCLUDES, strict: false }).found;
  const taken = new Set(others.map(({ path }) => path));
  return {
    artifacts: scanTree(files, { root, tracked, excludes, strict: false, without }).found,
    others,
    leadingOut: paths.filter((path) => !taken.has(path) && files.stat(join(root, path))?.kind === "symlink"),
  };
}

/**
 * Why something of the project is not in a copy of it. `secrets`: `.env` and its like; `leads-out`: a link out of the project; `dead-link`: one that is
 * in the copy, and leads to nothing there.
 */
export const LEFT_OUT = [
  "untracked",
  "ignored",
  "not-in-files",
  "hidden-folder",
  "secrets",
  "leads-out",
  "dead-link",
] as const;

/** Something of the project that a copy does not hold; the path of a folder, with all in it, ends with a slash. */
export interface LeftOut {
  readonly path: string;
  readonly why: (typeof LEFT_OUT)[number];
}

/** Entries of the project that are looked at to find what a copy leaves out. */
const MAX_LOOKED_AT = 20_000;

/** What of the project a copy does not hold, in the order of the folders; neither git's own files nor workspaces. */
export function leftOut(files: Files, request: ProjectRequest, survey: ProjectSurvey): readonly LeftOut[] {
  const { root, patterns, inputs } = request;
  const held = new Set(survey.leadingOut.flatMap(parentsOf));
  for (const { path } of [...survey.artifacts, ...survey.others])
    for (const one of [path, ...parentsOf(path)]) held.add(one);
  const isThere = (path: string): boolean => held.has(path) || isWithinAny(path, inputs);
  const otherwise = repositoryTop(files, files.realPath(root) ?? root) === null ? "hidden-folder" : "untracked";
  const found = [...survey.artifacts, ...survey.others].flatMap(({ path, target }): readonly LeftOut[] => {
    if (target === undefined || isAbsolute(target) || files.realPath(join(root, path)) === null) return [];
    return isThere(normalize(join(dirname(path), target))) ? [] : [{ path, why: "dead-link" }];
  });
  let room = MAX_LOOKED_AT;
  const visit = (folder: string, outer: Excludes): void => {
    const rules = outer.within(folder, files.readText(join(root, folder, ".gitignore")));
    for (const { name, kind } of files.list(join(root, folder)) ?? []) {
      const path = childOf(folder, name);
      const isFolder = kind === "directory";
      if (name === ".git" || isWithinAny(path, inputs) || room-- <= 0) continue;
      if (isFolder && isOfRuns(files, join(root, path))) continue;
      if (!held.has(path)) {
        const isIgnored = otherwise === "untracked" && rules.excluded(path, isFolder);
        const unwanted = patterns !== null ? "not-in-files" : isIgnored ? "ignored" : otherwise;
        const why = survey.leadingOut.includes(path) ? "leads-out" : holdsSecrets(path) ? "secrets" : unwanted;
        found.push({ path: isFolder ? `${path}/` : path, why });
      } else if (isFolder) visit(path, rules);
    }
  };
  visit(".", projectExcludes(files, root));
  return found;
}

/** A workspace, or a folder of nothing else. */
function isOfRuns(files: Files, folder: string): boolean {
  const entries = files.list(folder) ?? [];
  const inside = ({ name }: { readonly name: string }): boolean =>
    isWorkspace(files, join(folder, name), files.list(join(folder, name)) ?? []);
  return isWorkspace(files, folder, entries) || (entries.length > 0 && entries.every(inside));
}

/** A state of an earlier run that takes the place of what both runs track. */
export interface EarlierState {
  readonly store: SnapshotStore;
  readonly snapshot: string;
  /** What the earlier run tracked. */
  readonly tracked: readonly string[];
  /** What this one tracks. */
  readonly scope: ProjectScope;
}

/** The artifacts as the first iteration of a run would see them, read from where they are. */
export function previewArtifacts(
  files: Files,
  root: string,
  { artifacts }: ProjectSurvey,
  earlier: EarlierState | null,
): ArtifactsView {
  const shown = (path: string, bytes: Uint8Array | null) => {
    return { path, size: bytes?.length ?? 0, content: bytes === null ? null : shownContent(bytes) };
  };
  const own = () =>
    artifacts
      .filter(({ path, stat }) => stat.kind !== "directory" && !isWithinAny(path, earlier?.tracked ?? []))
      .map(({ path, stat }) => shown(path, stat.kind === "file" ? files.readBytes(join(root, path)) : null));
  const taken = ({ store, snapshot, scope }: EarlierState) =>
    store
      .read(snapshot)
      .entries.filter(({ path, kind }) => kind !== "directory" && isTracked(path, scope))
      .map((entry) => shown(entry.path, entry.kind === "file" ? store.objects.read(entry.sha256) : null));
  return {
    base: "",
    parent: "",
    start: "",
    baseOf: hypothesisId(0, 0),
    files: () => [...own(), ...(earlier ? taken(earlier) : [])].sort((a, b) => comparePaths(a.path, b.path)),
    diff: () => "",
  };
}

/** A file that is no longer as the run read it. */
export interface ChangedFile {
  readonly path: string;
  readonly how: "changed" | "new" | "gone";
  readonly isArtifact: boolean;
}

/** A file system's times may be a little behind the clock. */
const CLOCK_SLACK_MS = 2000;

/**
 * What of the project is other than when the run read it. Files of the same size that were not touched since are taken
 * for the same; the others are hashed. Artifacts that hold what the run itself has made, and `apply` wrote, are not told.
 */
export function changedSince(
  store: SnapshotStore,
  { root, files, artifacts, readAt }: TakenProject,
  survey: ProjectSurvey,
): readonly ChangedFile[] {
  const since = Date.parse(readAt) - CLOCK_SLACK_MS;
  const nowOf = (one: Found, before: SnapshotEntry | undefined): SnapshotEntry | undefined => {
    const { size, ctimeMs } = one.stat;
    const isSame = before?.kind === "file" && before.size === size && one.stat.kind === "file" && ctimeMs < since;
    return isSame ? before : entriesOf(store.files, root, [one])[0];
  };
  const compared = (state: string, found: readonly Found[], isArtifact: boolean): readonly ChangedFile[] => {
    const before = new Map(store.read(state).entries.map((entry) => [entry.path, entry]));
    const now = new Map(found.map((one) => [one.path, nowOf(one, before.get(one.path))]));
    return [...new Set([...before.keys(), ...now.keys()])].sort().flatMap((path): readonly ChangedFile[] => {
      const [old, is] = [notFolder(before.get(path)), notFolder(now.get(path))];
      if (sameContent(old, is) || (isArtifact && is?.kind === "file" && store.objects.has(is.sha256))) return [];
      return [{ path, how: old === null ? "new" : is === null ? "gone" : "changed", isArtifact }];
    });
  };
  return [...compared(artifacts, survey.artifacts, true), ...compared(files, survey.others, false)];
}

function notFolder(entry: SnapshotEntry | undefined): SnapshotEntry | null {
  return entry === undefined || entry?.kind === "directory" ? null : entry;
}
