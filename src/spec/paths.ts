import { isAbsolute, normalize, resolve } from "node:path";

/** The folders that paths in a spec are relative to. */
export interface SpecPaths {
  /** The spec's own folder, absolute. */
  readonly dir: string;
  /** The project, absolute. */
  readonly root: string;
}

/** Folders of a spec from its folder and its `root` key. */
export function specPaths(dir: string, root: string | undefined): SpecPaths {
  return { dir, root: root === undefined ? dir : resolve(dir, root) };
}

/** Whether a path, relative to a folder, stays inside it. */
export function staysInside(path: string): boolean {
  const plain = normalize(path);
  return !isAbsolute(path) && plain !== ".." && !plain.startsWith("../");
}

/** A path relative to the folder, as it is written in records, without a slash at its end unless it is all of the path. */
export function tidy(path: string): string {
  return normalize(path).replace(/(?<=.)\/+$/, "");
}
