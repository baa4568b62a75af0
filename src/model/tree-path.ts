import type { ProjectScope } from "./run.ts";

// Rules for paths inside a tree: relative, `/` between names, in normal form.

/** Orders paths by code units, so that a folder comes before what is in it, everywhere the same. */
export function comparePaths(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** A name that is empty, `.` or `..`, or a NUL. */
const NOT_IN_A_TREE = /(?:^|\/)\.{0,2}(?:\/|$)|\0/;

/** Whether text can be the path of an entry: relative, normal, without NUL. Any other character may be in a name. */
export function isTreePath(path: string): boolean {
  return path.length <= 4096 && !NOT_IN_A_TREE.test(path);
}

/** Whether `path` is `folder` or lies inside it; everything lies inside `.`. */
export function isWithin(path: string, folder: string): boolean {
  return folder === "." || path === folder || path.startsWith(`${folder}/`);
}

export function isWithinAny(path: string, folders: readonly string[]): boolean {
  return folders.some((folder) => isWithin(path, folder));
}

/** The folders a path lies in, outermost first: `a`, `a/b` for `a/b/c`. */
export function parentsOf(path: string): readonly string[] {
  const names = path.split("/");
  return names.slice(1).map((_, index) => names.slice(0, index + 1).join("/"));
}

/** Path of an entry of a folder; the folder `.` is the tree itself. */
export function childOf(folder: string, name: string): string {
  return folder === "." || folder === "" ? name : `${folder}/${name}`;
}

/** Whether a path is part of the states of a run. */
export function isTracked(path: string, scope: ProjectScope): boolean {
  return isWithinAny(path, scope.tracked) && !isWithinAny(path, scope.inputs);
}

/** What has a name like `.env*`, or is in what has: no trial gets them, whoever else may read them. */
export function holdsSecrets(path: string): boolean {
  return /(?:^|\/)\.env[^/]*(?:\/|$)/.test(path);
}
