import type { Effects, Files } from "../kernel/effects.ts";
import { WorkspaceError } from "../kernel/errors.ts";
import { shellWord } from "../text/shell.ts";
import { holdsRun } from "./locate.ts";
import { assertNotHeld } from "./lock-state.ts";

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
  ifExists: IfExists,
): string {
  const { files } = effects;
  if (ifExists === "next") return nextFree(root, files);
  if (ifExists === "resume" && holdsRun(root, files)) return root;
  const taken = whyTaken(root, files);
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

/** Why a new run cannot be made in a folder; `null` when it can. */
export function whyTaken(root: string, files: Files): string | null {
  if (holdsRun(root, files)) {
    return `${root} already holds a run\ncontinue it with: aura resume ${shellWord(root)}\nor start another beside it with: --new`;
  }
  const kind = files.stat(files.realPath(root) ?? root)?.kind;
  if (kind === undefined) return null;
  if (kind !== "directory") return `${root} is there and is not a folder: choose another workspace`;
  const foreign = (files.list(root) ?? []).map(({ name }) => name).filter((name) => !name.startsWith("."));
  const known = foreign.includes("lock.json") ? STARTED : NOTHING;
  const [stranger] = foreign.filter((name) => !known.has(name));
  if (stranger === undefined) return null;
  return `${root} holds "${stranger}" and no run: choose an empty folder as the workspace`;
}

const NOTHING: ReadonlySet<string> = new Set();
/** What a run that was killed before its manifest was written may have left beside its lock. */
const STARTED: ReadonlySet<string> = new Set(["lock.json", "spec.yaml", "journal.jsonl", "requests"]);
