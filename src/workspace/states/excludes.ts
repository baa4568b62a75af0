import { basename, dirname, join, relative } from "node:path";
import ignore, { type Ignore } from "ignore";
import type { DirectoryEntry, Files } from "../../kernel/effects.ts";
import { isJsonObject, parseJson } from "../../model/json.ts";
import { holdsSecrets } from "../../model/tree-path.ts";

/** What stays out of a snapshot. Immutable: a walk carries the rules of the folders it is in down with it. */
export interface Excludes {
  /** `path` relative to the tree's root. */
  excluded(path: string, isDirectory: boolean): boolean;
  /** These rules and those of an ignore file found in `folder` (relative to the root, `.` for the root). */
  within(folder: string, ignoreText: string | null): Excludes;
}

/** Whether what has this name is never part of a state: git's own, packages that a command restores, what holds secrets. */
export function isNeverTracked(name: string): boolean {
  return name === ".git" || name === "node_modules" || holdsSecrets(name);
}

interface Scope {
  /** The folder of the rules, from the tree's root; empty for the root and for folders above it. */
  readonly prefix: string;
  /** Of a folder above the root: the root as seen from there. */
  readonly above?: string;
  readonly rules: Ignore;
}

/** Nothing stays out. */
export const NO_EXCLUDES: Excludes = {
  excluded: () => false,
  within: () => NO_EXCLUDES,
};

/** What is never tracked stays out, and nothing else does. */
export const HARD_EXCLUDES: Excludes = {
  excluded: (path) => isNeverTracked(basename(path)),
  within: () => HARD_EXCLUDES,
};

/** What is never tracked, what these patterns (in the language of `.gitignore`) match, and what ignore files on the way say. */
export function createExcludes(patterns: readonly string[] = []): Excludes {
  return scoped(patterns.length === 0 ? [] : [{ prefix: "", rules: ignore().add(patterns) }]);
}

/**
 * What is never tracked, and what ignore files say on the way and, as in git, in the folders above a project up to the
 * top of its repository. Those of a repository that leaves the project itself out are not about what is in it.
 */
export function projectExcludes(files: Files, root: string): Excludes {
  const real = files.realPath(root) ?? root;
  const scopes = foldersAbove(files, real).flatMap((folder): readonly Scope[] => {
    const path = join(folder, ".gitignore");
    const text = files.stat(path)?.kind === "file" ? files.readText(path) : null;
    if (text === null || text.trim() === "") return [];
    return [{ prefix: "", above: relative(folder, real), rules: ignore().add(text) }];
  });
  return scoped(isIgnored(scopes, ".", true) ? [] : scopes);
}

/** The folders above one that are in the same repository, outermost first; none where there is no repository. */
function foldersAbove(files: Files, root: string): readonly string[] {
  const top = repositoryTop(files, root);
  const above: string[] = [];
  for (let folder = root; top !== null && folder !== top; ) {
    folder = dirname(folder);
    above.unshift(folder);
  }
  return above;
}

/**
 * What `outer` says, and what these ignore files say, by the folder they are in. Ignore files in the tree itself are not
 * read: in a tree that a trial left, one could hold a pattern that takes forever to match.
 */
export function fixedExcludes(ignoreFiles: ReadonlyMap<string, string>, outer: Excludes = createExcludes()): Excludes {
  const wrap = (inner: Excludes): Excludes => ({
    excluded: (path, isDirectory) => inner.excluded(path, isDirectory),
    within: (folder) => wrap(inner.within(folder, ignoreFiles.get(folder) ?? null)),
  });
  return wrap(outer);
}

/** These rules, but a path that is already tracked stays in: a state that was captured again keeps what it had. */
export function keeping(excludes: Excludes, paths: ReadonlySet<string>): Excludes {
  return {
    excluded: (path, isDirectory) => !paths.has(path) && excludes.excluded(path, isDirectory),
    within: (folder, text) => keeping(excludes.within(folder, text), paths),
  };
}

/** Whether a folder is a workspace of AURA: it holds a `run.json` with a `format`. */
export function isWorkspace(files: Files, folder: string, entries: readonly DirectoryEntry[]): boolean {
  if (!entries.some((entry) => entry.name === "run.json" && entry.kind === "file")) return false;
  const path = join(folder, "run.json");
  if ((files.stat(path)?.size ?? 0) > MAX_RUN_FILE_BYTES) return false;
  const value = parseJson(files.readText(path) ?? "null");
  return isJsonObject(value) && typeof value.format === "number";
}

/** Which folders of a project are workspaces: this one, and whatever else holds a run. Answers by paths in the project. */
export function workspacesIn(files: Files, project: string, own: string): (folder: string) => boolean {
  const real = files.realPath(project) ?? project;
  const ownPath = files.realPath(own) ?? own;
  return (folder) => {
    const at = join(real, folder);
    return at === ownPath || isWorkspace(files, at, files.list(at) ?? []);
  };
}

/** These rules, and no workspaces. */
export function withoutWorkspaces(excludes: Excludes, isWorkspaceAt: (folder: string) => boolean): Excludes {
  return {
    excluded: (path, isDirectory) => excludes.excluded(path, isDirectory) || (isDirectory && isWorkspaceAt(path)),
    within: (folder, text) => withoutWorkspaces(excludes.within(folder, text), isWorkspaceAt),
  };
}

const MAX_RUN_FILE_BYTES = 64 * 1024 * 1024;

function scoped(scopes: readonly Scope[]): Excludes {
  return {
    excluded: (path, isDirectory) => isNeverTracked(basename(path)) || isIgnored(scopes, path, isDirectory),
    within(folder, text) {
      if (text === null || text.trim() === "") return scoped(scopes);
      const prefix = folder === "." ? "" : `${folder}/`;
      return scoped([...scopes, { prefix, rules: ignore().add(text) }]);
    },
  };
}

/** As in git, the rule of the innermost folder that says anything about the path decides. */
function isIgnored(scopes: readonly Scope[], path: string, isDirectory: boolean): boolean {
  for (let i = scopes.length - 1; i >= 0; i--) {
    const scope = scopes[i];
    if (scope === undefined || !path.startsWith(scope.prefix)) continue;
    const inside = path.slice(scope.prefix.length);
    const seen = scope.above === undefined ? inside : join(scope.above, inside);
    // The matcher throws on what is no relative path in normal form, as a name of blanks is to it.
    if (seen === "" || !ignore.isPathValid(seen)) continue;
    const result = scope.rules.test(isDirectory ? `${seen}/` : seen);
    if (result.ignored) return true;
    if (result.unignored) return false;
  }
  return false;
}

/** The top of the git repository that a folder, given by its real path, is in; `null` when it is in none. */
export function repositoryTop(files: Files, folder: string): string | null {
  for (let at = folder; ; at = dirname(at)) {
    if (files.stat(join(at, ".git")) !== null) return at;
    if (dirname(at) === at) return null;
  }
}

/**
 * Removes `within` (`.` for all of it) from a folder, but for what the patterns match: in the language of `.gitignore`,
 * relative to the folder. A folder that is matched stays whole; links are not followed. With nothing left, `within`
 * itself is gone.
 */
export function removeExcept(files: Files, folder: string, within: string, patterns: readonly string[]): void {
  const top = within === "." ? folder : `${folder}/${within}`;
  if (patterns.length === 0) {
    files.remove(top);
    return;
  }
  const stays = ignore().add([...patterns]);
  if (within !== "." && isMatched(stays, `${within}/`)) return;
  clear(files, top, within === "." ? "" : `${within}/`, stays);
}

/** Removes what is not matched in a folder; answers whether something stays. */
function clear(files: Files, folder: string, prefix: string, stays: Ignore): boolean {
  const kept = (files.list(folder) ?? []).filter(({ name, kind }) => {
    const at = `${folder}/${name}`;
    const path = `${prefix}${name}`;
    if (isMatched(stays, kind === "directory" ? `${path}/` : path)) return true;
    if (kind === "directory") return clear(files, at, `${path}/`, stays);
    files.remove(at);
    return false;
  });
  if (kept.length === 0) files.remove(folder);
  return kept.length > 0;
}

function isMatched(stays: Ignore, path: string): boolean {
  // The matcher throws on what is no relative path in normal form, as a name of blanks is to it.
  return ignore.isPathValid(path) && stays.ignores(path);
}
