import { basename, dirname, join, relative, resolve } from "node:path";
import type { Files } from "../kernel/effects.ts";

/**
 * Absolute path of the spec's file, which a manifest names relative to its workspace: to the real place of that, or, as
 * earlier AURAs did, to the place it was called by.
 */
export function specPlace(root: string, specFile: string, files: Files): string {
  const real = resolve(files.realPath(root) ?? root, specFile);
  return files.stat(real) === null ? resolve(root, specFile) : real;
}

/** What a manifest says of where the spec's file is, so that `specPlace` finds it whatever the workspace is called by. */
export function relativeToWorkspace(root: string, specFile: string, files: Files): string {
  const folder = dirname(specFile);
  const real = join(files.realPath(folder) ?? folder, basename(specFile));
  return relative(files.realPath(root) ?? root, real);
}
