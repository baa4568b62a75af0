import { basename, dirname, join } from "node:path";
import type { Files } from "../kernel/effects.ts";
import { forHint, WorkspaceError } from "../kernel/errors.ts";
import { nearest } from "../text/nearest.ts";
import { manifestFile } from "./layout.ts";

/** Whether a folder holds a run. */
export function holdsRun(root: string, files: Files): boolean {
  return files.stat(manifestFile(root)) !== null;
}

/** The error for a folder that holds no run, with the workspace that was probably meant. */
export function notFound(root: string, files: Files): WorkspaceError {
  const kind = files.stat(root)?.kind;
  const what =
    kind === undefined ? "does not exist" : kind === "directory" ? "holds no run.json" : "is a file, not a workspace";
  return new WorkspaceError(
    "not-found",
    `there is no run in ${root}: it ${what}${forHint(() => advice(root, files)) ?? ""}`,
  );
}

function advice(root: string, files: Files): string {
  const within = workspacesIn(root, files);
  if (within.length > 0) return `\nworkspaces inside it: ${sample(within.map((name) => join(root, name)))}`;
  const parent = dirname(root);
  const beside = [
    ...workspacesIn(parent, files).map((name) => join(parent, name)),
    ...workspacesIn(join(parent, "runs"), files).map((name) => join(parent, "runs", name)),
  ];
  const names = beside.map((path) => basename(path));
  const near = nearest(basename(root), names);
  const meant = near === null ? undefined : beside[names.indexOf(near)];
  if (meant !== undefined) return `\ndid you mean ${meant}?`;
  return beside.length > 0 ? `\nworkspaces near it: ${sample(beside)}` : "";
}

function workspacesIn(folder: string, files: Files): readonly string[] {
  const folders = (files.list(folder) ?? []).filter((entry) => entry.kind === "directory").slice(0, MAX_LOOKED_AT);
  return folders.map((entry) => entry.name).filter((name) => holdsRun(join(folder, name), files));
}

const MAX_LOOKED_AT = 200;
const MAX_NAMED = 5;

function sample(paths: readonly string[]): string {
  return paths.length > MAX_NAMED ? `${paths.slice(0, MAX_NAMED).join(", ")}, …` : paths.join(", ");
}
