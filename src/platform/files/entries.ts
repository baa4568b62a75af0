import { type Dirent, lstatSync, readdirSync, type Stats } from "node:fs";
import { join } from "node:path";
import type { DirectoryEntry, EntryKind, FileStat } from "../../kernel/effects.ts";

/** What is at the path itself, a link as a link; `null` when there is nothing. */
export function statEntry(path: string): FileStat | null {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return null;
  const { size, mtimeMs, ctimeMs, ino, nlink } = stat;
  return { kind: kindOf(stat), size, mode: stat.mode & 0o7777, mtimeMs, ctimeMs, ino, nlink };
}

/** A directory's entries, sorted by name in code unit order. */
export function listEntries(path: string): readonly DirectoryEntry[] {
  return readdirSync(path, { withFileTypes: true })
    .map((entry) => ({ name: entry.name, kind: listedKind(path, entry) }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

function listedKind(directory: string, entry: Dirent): EntryKind {
  const kind = kindOf(entry);
  // Some file systems do not tell the kind when they list.
  return kind === "other" ? (statEntry(join(directory, entry.name))?.kind ?? "other") : kind;
}

function kindOf(entry: Stats | Dirent): EntryKind {
  if (entry.isFile()) return "file";
  if (entry.isDirectory()) return "directory";
  return entry.isSymbolicLink() ? "symlink" : "other";
}
