import { basename, join } from "node:path";
import type { Effects, Files } from "../kernel/effects.ts";
import { notesDir, requestsDir } from "./layout.ts";
import { compareNatural } from "./listing.ts";
import type { Source } from "./records.ts";

export const REQUESTS = ["stop", "pause", "continue", "note"] as const;
export type RequestKind = (typeof REQUESTS)[number];

/** Something that was asked of a run from elsewhere. */
export interface RunRequest {
  readonly kind: RequestKind;
  /** Of a note: what it says. */
  readonly text: string;
}

/*
 * `requests/` is the only place of a workspace where others than the writer write. A request is a file that is whole at
 * once, `<when>-<token>.<kind>`, gone when it was heard. A note holds its text, and becomes a file of `notes/`. Any other
 * holds the token of the lock of whom it is for: who holds the workspace later does not obey it.
 */
const NAME = /^\d{8}T\d{9}Z-[0-9a-f]{8}\.(stop|pause|continue|note)$/;
const MAX_BYTES = 64 * 1024;

/** Leaves a request for the run in a workspace. Answers its file. Throws `StorageError` where nothing can be written. */
export function leaveRequest(
  root: string,
  { files, clock, token }: Pick<Effects, "files" | "clock" | "token">,
  kind: RequestKind,
  content: string,
): string {
  const when = clock.now().toISOString().replaceAll(/[-:.]/g, "");
  const path = join(requestsDir(root), `${when}-${token(4)}.${kind}`);
  files.makeDirectory(requestsDir(root));
  files.writeAtomic(path, content);
  return path;
}

/** Takes what has been asked of the holder of a lock, oldest first; what was asked of an earlier one is dropped. */
export function takeRequests({ root, files }: Source, lockToken: string): readonly RunRequest[] {
  const names = (files.list(requestsDir(root)) ?? []).map(({ name }) => name).filter((name) => NAME.test(name));
  return names.sort().flatMap((name): readonly RunRequest[] => {
    const path = join(requestsDir(root), name);
    const kind = REQUESTS.find((known) => name.endsWith(`.${known}`));
    const text = readSmall(path, files);
    if (kind === "note" && text !== "") {
      files.makeDirectory(notesDir(root));
      files.rename(path, join(notesDir(root), `${basename(name, ".note")}.md`));
      return [{ kind, text }];
    }
    files.remove(path);
    return kind !== undefined && kind !== "note" && text === lockToken ? [{ kind, text: "" }] : [];
  });
}

/** A note that the user left, in a file of this name. */
export interface Note {
  readonly name: string;
  readonly text: string;
}

/** The notes that the user left for a run, in the order of their names; what is larger than 64 KiB is left out. */
export function readNotes({ root, files }: Source): readonly Note[] {
  const folder = notesDir(root);
  return (files.list(folder) ?? [])
    .map(({ name }) => name)
    .filter((name) => /^[^.].*\.(txt|md)$/.test(name))
    .sort(compareNatural)
    .map((name) => ({ name, text: readSmall(join(folder, name), files) }))
    .filter(({ text }) => text !== "");
}

/** The text of a plain file, trimmed; empty when it is none, or too large. */
function readSmall(path: string, files: Files): string {
  const stat = files.stat(path);
  return stat?.kind === "file" && stat.size <= MAX_BYTES ? (files.readText(path)?.trim() ?? "") : "";
}
