import { join } from "node:path";
import type { EntryKind } from "../kernel/effects.ts";
import * as layout from "./layout.ts";
import { damaged, NOT_A_FILE, type Source } from "./records.ts";

/** A file or a folder that the writer writes to, and what becomes of the run without it. */
interface Place {
  readonly kind: "file" | "directory";
  readonly path: string;
  readonly without: string;
}

type Misfit = Place & { readonly reason: string };

function placesBesideRecords({ root }: Source): readonly Place[] {
  const file = (path: string, without: string): Place => ({ kind: "file", path, without });
  const folder = (path: string, without: string): Place => ({ kind: "directory", path, without });
  return [
    file(layout.journalFile(root), "nothing is lost: it is a view, and a new one is begun"),
    file(layout.indexFile(root), "nothing is lost: it is a view, and is made again from the records"),
    file(layout.specFile(root), "resume copies the spec here again, if that is still where it was"),
    folder(
      layout.iterationsDir(root),
      "resume begins at the start; restore the folder from a copy to have its records",
    ),
    folder(layout.snapshotsDir(root), "restore the folder from a copy to have the states of the artifacts"),
    folder(layout.rollbacksDir(root), "no rollback counts any more; restore the folder from a copy to have them"),
  ];
}

/** What stands where the writer needs a file or folder and is something else, such as a pipe that would hold it up. */
export function misfits(source: Source): readonly Misfit[] {
  return placesBesideRecords(source).flatMap((place) => misfit(source, place));
}

/** The same in the place of an iteration, or of a folder of its records. */
export function misfitsInIterations(source: Source): readonly Misfit[] {
  const { root, files } = source;
  const of = layout.iterationsDir(root);
  const names = (files.list(of) ?? []).map(({ name }) => name).filter((name) => /^\d{5,9}$/.test(name));
  const without = "resume does again what was recorded there; or restore the folder from a copy first";
  return names
    .flatMap((name) => [name, ...layout.RECORD_FOLDERS.map((folder) => `${name}/${folder}`)])
    .flatMap((name) => misfit(source, { kind: "directory", path: join(of, name), without }));
}

function misfit({ files }: Source, place: Place): readonly Misfit[] {
  const kind = files.stat(place.path)?.kind;
  const meant: EntryKind | undefined = kind === "symlink" ? files.stat(files.realPath(place.path) ?? "")?.kind : kind;
  if (kind === undefined || meant === place.kind) return [];
  const reason = place.kind === "file" ? NOT_A_FILE[meant ?? "symlink"] : NOT_A_FOLDER[meant ?? "symlink"];
  return [{ ...place, reason: `it is ${reason}` }];
}

const NOT_A_FOLDER: Readonly<Record<EntryKind, string>> = {
  file: "a file, not a folder",
  directory: "a folder",
  symlink: "a symbolic link, not a folder",
  other: "a pipe, a socket or a device, not a folder",
};

/** Throws `WorkspaceError` ("damaged") when one of them cannot be written to. */
export function assertPlainFiles(source: Source): void {
  const [first] = misfits(source);
  if (first) {
    const remedy = `move it away, or let \`aura repair --apply\` do it: ${first.without}`;
    throw damaged(source, first.path, first.reason, remedy);
  }
}
