import { accessSync, constants, statSync } from "node:fs";
import { isAbsolute, join, resolve } from "node:path";

/** What the C library searches when there is no PATH. */
const DEFAULT_PATH = "/bin:/usr/bin";

export interface FoundProgram {
  readonly path: string;
  readonly executable: boolean;
}

/**
 * Finds the program a command word means: a word with a slash is a path relative to `cwd`, any other is looked up on
 * `path` (a `PATH` value). A file that may not be executed is only given when there is no better one.
 */
export function findProgram(word: string, cwd: string, path: string | undefined): FoundProgram | null {
  if (word === "" || word.includes("\0")) return null;
  if (word.includes("/")) return inspect(resolve(cwd, word));
  let unusable: FoundProgram | null = null;
  for (const directory of (path ?? DEFAULT_PATH).split(":")) {
    const found = inspect(join(isAbsolute(directory) ? directory : resolve(cwd, directory), word));
    if (found?.executable) return found;
    unusable ??= found;
  }
  return unusable;
}

function inspect(path: string): FoundProgram | null {
  if (!isFile(path)) return null;
  try {
    accessSync(path, constants.X_OK);
    return { path, executable: true };
  } catch {
    return { path, executable: false };
  }
}

/** A folder that may not be searched, or cannot be, holds nothing that could be run: a shell passes it by as well. */
function isFile(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false })?.isFile() === true;
  } catch {
    return false;
  }
}
