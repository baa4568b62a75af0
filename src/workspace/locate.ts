import { basename, dirname, join } from "node:path";
import type { Effects, Files } from "../kernel/effects.ts";
import { unlessRefused, WorkspaceError } from "../kernel/errors.ts";
import { sha256Of } from "../platform/files/hash.ts";
import { nearest } from "../text/nearest.ts";
import { listed } from "../text/printable.ts";
import { shellWord } from "../text/shell.ts";
import { manifestFile } from "./layout.ts";
import { assertNotHeld } from "./lock/holder.ts";

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
    `there is no run in ${root}: it ${what}${unlessRefused(() => advice(root, files)) ?? ""}`,
  );
}

function advice(root: string, files: Files): string {
  const within = workspacesIn(root, files);
  if (within.length > 0) return `\nworkspaces inside it: ${listed(within, MAX_NAMED)}`;
  const parent = dirname(root);
  const beside = [parent, join(parent, "runs")].flatMap((folder) => workspacesIn(folder, files));
  const names = beside.map((path) => basename(path));
  const near = nearest(basename(root), names);
  const meant = near === null ? undefined : beside[names.indexOf(near)];
  if (meant !== undefined) return `\ndid you mean ${meant}?`;
  return beside.length > 0 ? `\nworkspaces near it: ${listed(beside, MAX_NAMED)}` : "";
}

/** The folders in a folder that hold a run. */
export function workspacesIn(folder: string, files: Files): readonly string[] {
  const folders = (files.list(folder) ?? []).filter((entry) => entry.kind === "directory").slice(0, MAX_LOOKED_AT);
  return folders.map(({ name }) => join(folder, name)).filter((path) => holdsRun(path, files));
}

const MAX_LOOKED_AT = 200;
const MAX_NAMED = 5;

/** What to do when a new run is to be made where one already is. */
export const IF_EXISTS = ["refuse", "resume", "next"] as const;
export type IfExists = (typeof IF_EXISTS)[number];

const MAX_SUFFIX = 100_000;

/**
 * The folder for a new run: `root`, or with "next" the first free one of `root`, `<root>-2`, `<root>-3`…; with "resume"
 * also one that holds a run. Writes nothing. Throws `WorkspaceError` when the folder is taken: "locked" while a run is
 * going on in it, else "exists".
 */
export function placeForRun(
  root: string,
  effects: Pick<Effects, "files" | "processes" | "clock">,
  ifExists?: IfExists,
): string {
  const { files } = effects;
  if (ifExists === "next") return nextFree(root, files);
  if (ifExists === "resume" && holdsRun(root, files)) return root;
  const taken = whyTaken(root, files, ifExists === undefined);
  if (taken === null) return root;
  assertNotHeld(root, effects);
  throw new WorkspaceError("exists", taken);
}

function nextFree(root: string, files: Files): string {
  for (let suffix = 1; suffix < MAX_SUFFIX; suffix++) {
    const candidate = suffix === 1 ? root : `${root}-${suffix}`;
    if (whyTaken(candidate, files) === null) return candidate;
  }
  throw new WorkspaceError("exists", `${root} and ${MAX_SUFFIX} names after it are taken: clear some away`);
}

/** Why a new run cannot be made in a folder; `null` when it can. A program is told what to write, others what to type. */
export function whyTaken(root: string, files: Files, toProgram = false): string | null {
  if (holdsRun(root, files)) {
    if (toProgram)
      return `${root} already holds a run\ncontinue it with: { ifExists: "resume" }\nor start another beside it with: { ifExists: "next" }`;
    return `${root} already holds a run\ncontinue it with: aura resume ${shellWord(root)}\nor start another beside it with: --new`;
  }
  const kind = files.stat(files.realPath(root) ?? root)?.kind;
  if (kind === undefined) return null;
  if (kind !== "directory") return `${root} is there and is not a folder: choose another workspace`;
  const foreign = (files.list(root) ?? []).map(({ name }) => name).filter((name) => !name.startsWith("."));
  const known = foreign.includes("lock.json") ? STARTED : BEFORE;
  const [stranger] = foreign.filter((name) => !known.has(name));
  if (stranger === undefined) return null;
  return `${root} holds "${stranger}" and no run: choose an empty folder as the workspace`;
}

/** What may be there before a run: data that was put there for it. */
const BEFORE: ReadonlySet<string> = new Set(["inputs"]);
/** What a run that was killed before its manifest was written may have left beside its lock. */
const STARTED: ReadonlySet<string> = new Set([
  "lock.json",
  "spec.yaml",
  "journal.jsonl",
  "requests",
  "prior",
  ...BEFORE,
]);

/**
 * What tells a workspace's folder from a copy of it: its device and inode, which also stay when it is moved within its
 * file system. Where the file system has no lasting numbers, its place.
 */
export function folderIdentity(root: string, files: Pick<Files, "identity" | "realPath">): string {
  return files.identity(root) ?? `path-${sha256Of(files.realPath(root) ?? root).slice(0, 8)}`;
}
