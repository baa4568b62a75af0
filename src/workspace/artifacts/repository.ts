import { dirname, join } from "node:path";
import type { Files } from "../../kernel/effects.ts";

/** The top of the git repository that a folder, given by its real path, is in; `null` when it is in none. */
export function repositoryTop(files: Files, folder: string): string | null {
  for (let at = folder; ; at = dirname(at)) {
    if (files.stat(join(at, ".git")) !== null) return at;
    if (dirname(at) === at) return null;
  }
}
