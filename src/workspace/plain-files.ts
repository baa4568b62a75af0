import type { EntryKind } from "../kernel/effects.ts";
import * as layout from "./layout.ts";
import { damaged, NOT_A_FILE, type Source } from "./records.ts";

/** A file beside the records that the writer appends to or replaces, and what becomes of the run without it. */
interface PlainFile {
  readonly path: string;
  readonly without: string;
}

function plainFiles({ root }: Source): readonly PlainFile[] {
  return [
    { path: layout.journalFile(root), without: "nothing is lost: it is a view, and a new one is begun" },
    { path: layout.indexFile(root), without: "nothing is lost: it is a view, and is made again from the records" },
    { path: layout.specFile(root), without: "resume copies the spec here again, if that is still where it was" },
  ];
}

/** What stands where the writer needs a file and is something else, such as a folder, or a pipe that would hold it up. */
export function misfits(source: Source): readonly (PlainFile & { readonly reason: string })[] {
  const { files } = source;
  return plainFiles(source).flatMap((file) => {
    const kind = files.stat(file.path)?.kind;
    const meant: EntryKind | undefined = kind === "symlink" ? files.stat(files.realPath(file.path) ?? "")?.kind : kind;
    if (kind === undefined || meant === "file") return [];
    return [{ ...file, reason: `it is ${NOT_A_FILE[meant ?? "symlink"]}` }];
  });
}

/** Throws `WorkspaceError` ("damaged") when one of them cannot be written to. */
export function assertPlainFiles(source: Source): void {
  const [misfit] = misfits(source);
  if (misfit) {
    const remedy = `move it away, or let \`aura repair --apply\` do it: ${misfit.without}`;
    throw damaged(source, misfit.path, misfit.reason, remedy);
  }
}
