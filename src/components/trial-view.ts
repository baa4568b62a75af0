import { join, relative } from "node:path";
import type { Files } from "../kernel/effects.ts";
import type { TrialPlace } from "../kernel/ports.ts";
import { comparePaths, isWithin, isWithinAny } from "../model/tree-path.ts";
import type { Mount } from "./mounts.ts";

/** What is shown, at which path. */
interface Binding {
  readonly path: string;
  readonly from: string;
  readonly write: boolean;
}

/**
 * Parents first, without what is shown already, in one of these or in `system`. What is named through a link is shown by
 * its own path, and by the one given where that leads nowhere otherwise.
 */
function bindings(mounts: readonly Mount[], files: Files, system: readonly string[] = []): readonly Binding[] {
  const all = mounts.flatMap(({ path, write = false }): readonly Binding[] => {
    const from = files.realPath(path) ?? path;
    return [...new Set([from, path])].map((at) => ({ path: at, from, write }));
  });
  const kept: Binding[] = [];
  for (const one of all.sort((a, b) => comparePaths(a.path, b.path) || Number(b.write) - Number(a.write))) {
    const around = kept.findLast(({ path }) => isWithin(one.path, path));
    const isThere = around === undefined ? isWithinAny(one.path, system) && !one.write : isPart(one, around);
    if (!isThere) kept.push(one);
  }
  return kept;
}

/** Whether it is to be seen in what is shown around it, and as writable as it is to be. A link in there leads to itself. */
function isPart(one: Binding, around: Binding): boolean {
  return one.path !== one.from || one.write === around.write;
}

/** What is there for a trial, or for a probe of where trials run, which has no folder of its own. */
export type Place = Omit<TrialPlace, "trialDir"> & Partial<Pick<TrialPlace, "trialDir">>;

/** What a trial sees of this machine, in the order in which it is put there. */
interface TrialView {
  readonly shown: readonly Binding[];
  /** What of that it does not see, by each path that leads there. */
  readonly masked: readonly { readonly path: string; readonly isFolder: boolean }[];
  /** What it sees in there all the same: inputs, as those of a workspace's own, and its own folder for writing. */
  readonly again: readonly Binding[];
}

/** The project, inputs, libraries and mounts, without what is hidden, and the trial's folder; what is in `system` is there already. */
export function viewOf(
  { root, inputs, libraries, hidden = [], trialDir }: Place,
  mounts: readonly Mount[],
  files: Files,
  system: readonly string[] = [],
): TrialView {
  const shown = bindings([...[root, ...inputs, ...libraries].map((path) => ({ path })), ...mounts], files, system);
  const real = (paths: readonly string[]) => [...new Set(paths.map((path) => files.realPath(path) ?? path))];
  const seenAt = (path: string): readonly string[] =>
    shown.filter(({ from }) => isWithin(path, from)).map((each) => join(each.path, relative(each.from, path)));
  const secret = real(hidden).filter((path) => files.stat(path) !== null);
  const isFolder = (path: string): boolean => files.stat(path)?.kind === "directory";
  const kinds = new Map(secret.flatMap((path) => seenAt(path).map((at) => [at, isFolder(path)] as const)));
  const isOutermost = (path: string): boolean => ![...kinds.keys()].some((at) => at !== path && isWithin(path, at));
  const masked = [...kinds].flatMap(([path, folder]) => (isOutermost(path) ? [{ path, isFolder: folder }] : []));
  // An input that holds what is hidden is hidden with it.
  const inside = real(inputs).filter((path) => isWithinAny(path, secret) && !secret.some((one) => isWithin(one, path)));
  const given = inside.flatMap((from) => [...new Set(seenAt(from))].map((path) => ({ path, from, write: false })));
  const own = trialDir === undefined ? [] : ownFolder(trialDir, shown, seenAt, files);
  return { shown, masked, again: [...given, ...own] };
}

/** By its own path and by all that lead there; by the one given where that is no link in something that is shown. */
function ownFolder(
  trialDir: string,
  shown: readonly Binding[],
  seenAt: (path: string) => readonly string[],
  files: Files,
): readonly Binding[] {
  const from = files.realPath(trialDir) ?? trialDir;
  const isLinked = isWithinAny(
    trialDir,
    shown.map(({ path }) => path),
  );
  const paths = new Set([from, ...seenAt(from), ...(isLinked ? [] : [trialDir])]);
  return [...paths].map((path) => ({ path, from, write: true }));
}
