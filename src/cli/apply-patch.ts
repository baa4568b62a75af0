import { writeFileSync } from "node:fs";
import { dirname, relative, resolve } from "node:path";
import { StorageError, WorkspaceError } from "../kernel/errors.ts";
import { terminalLine } from "../text/printable.ts";
import { shellPath, shellWord } from "../text/shell.ts";
import { assertOutsideWorkspaces, patchBetween, repositoryTop } from "../workspace/states/index.ts";
import type { Answer } from "./output.ts";
import type { OutputOf } from "./outputs/index.ts";
import { projectOf, type StatesOfRun } from "./states.ts";

interface PatchFlags {
  /** The file; `-` is standard output. */
  readonly patch: string;
  readonly dryRun?: boolean;
  readonly force?: boolean;
}

/** `aura apply --patch FILE`: what a state changes about the start, as `git apply` takes it. */
export function writePatch(
  { patch: file, dryRun = false, force = false }: PatchFlags,
  run: StatesOfRun,
  snapshot: string,
): Answer<OutputOf<"apply-output">> {
  const text = patchBetween(run.store, run.start, snapshot);
  const bytes = Buffer.byteLength(text);
  if (file === "-") {
    return { document: () => ({ dryRun, snapshot, patch: { file: null, bytes, text } }), text: () => text };
  }
  const path = resolve(file);
  assertPlace(run, file, path, force);
  if (!dryRun) {
    try {
      writeFileSync(path, text);
    } catch (thrown) {
      throw new StorageError("write", file, thrown);
    }
  }
  return {
    document: () => ({ dryRun, snapshot, patch: { file: path, bytes, text: null } }),
    text: () => {
      const name = terminalLine(file);
      if (text === "") return `${name}: empty, nothing differs from the start\n`;
      return dryRun ? `would write ${name}\n` : `${name}: apply it with \`${commandFor(run, file)}\`\n`;
    },
  };
}

/** Throws `WorkspaceError` ("usage") for what no patch can be written to, and for what only `--force` goes over. */
function assertPlace({ store }: StatesOfRun, file: string, path: string, force: boolean): void {
  const { files } = store;
  const refused = (reason: string): WorkspaceError => new WorkspaceError("usage", `${file} ${reason}`);
  const real = files.realPath(path);
  const kind = files.stat(real ?? path)?.kind;
  if (kind === "directory") throw refused("is a folder: name a file for the patch");
  const folder = dirname(real ?? path);
  const place = files.realPath(folder);
  if (place === null || files.stat(place)?.kind !== "directory")
    throw refused(`cannot be written: there is no folder ${folder}`);
  assertOutsideWorkspaces(store, folder);
  if (!force && kind === "file" && !isPatch(files.readText(real ?? path)))
    throw refused("exists and is no patch: choose another file, or write over it with --force");
}

/**
 * The command that applies a patch to the project from here. In a repository, git takes the paths of a patch as seen
 * from its top, and passes over what is elsewhere without a word.
 */
function commandFor(run: StatesOfRun, file: string): string {
  const { files } = run.store;
  const project = projectOf(run);
  if (project === null) return `git apply ${shellPath(file)}`;
  const top = repositoryTop(files, project) ?? project;
  const inside = relative(top, project);
  const directory = inside === "" ? "" : ` ${shellWord(`--directory=${inside}`)}`;
  const isHere = files.realPath(resolve(".")) === top;
  return isHere
    ? `git apply${directory} ${shellPath(file)}`
    : `git -C ${shellWord(top)} apply${directory} ${shellWord(resolve(file))}`;
}

/** A patch, or nothing yet, as an earlier `--patch` left it. */
function isPatch(text: string | null): boolean {
  return text === "" || text?.startsWith("diff --git ") === true;
}
