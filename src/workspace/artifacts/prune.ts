import ignore, { type Ignore } from "ignore";
import type { Files } from "../../kernel/effects.ts";

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
