import { join } from "node:path";
import { notesDir } from "./layout.ts";
import { compareNatural } from "./listing.ts";
import type { Source } from "./records.ts";

const MAX_NOTE_BYTES = 64 * 1024;

/** The notes the user left for a run, in the order of their names; what is larger than 64 KiB is left out. */
export function readNotes({ root, files }: Source): readonly string[] {
  const folder = notesDir(root);
  const names = (files.list(folder) ?? [])
    .filter(({ name, kind }) => kind === "file" && /^[^.].*\.(txt|md)$/.test(name))
    .map(({ name }) => name)
    .sort(compareNatural);
  return names
    .filter((name) => (files.stat(join(folder, name))?.size ?? 0) <= MAX_NOTE_BYTES)
    .map((name) => files.readText(join(folder, name))?.trim() ?? "")
    .filter((text) => text !== "");
}
