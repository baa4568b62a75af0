import type { Files } from "../kernel/effects.ts";
import { comparePaths, isWithin, isWithinAny } from "../model/tree-path.ts";
import type { HouseSchema } from "../schema/dialect.ts";

/** A file, folder or device of this machine that trials see where it is, by its absolute path. */
export interface Mount {
  readonly path: string;
  /** Default `false`: read-only. */
  readonly write?: boolean;
}

const PATH = { type: "string", minLength: 1, "x-path": "any" } as const satisfies HouseSchema;

/** One of the option `mounts`: a path, or a path and whether it may be written. */
export const MOUNT = {
  anyOf: [
    PATH,
    {
      type: "object",
      properties: {
        path: PATH,
        write: { type: "boolean", description: "Whether trials may write there; default `false`." },
      },
      required: ["path"],
      additionalProperties: false,
    },
  ],
  "x-path": "any",
} as const satisfies HouseSchema;

/** Mounts as they were given, by absolute paths. */
export function absoluteMounts(
  mounts: readonly (string | Mount)[],
  absolute: (path: string) => string,
): readonly Required<Mount>[] {
  return mounts.map((mount) => {
    const { path, write = false } = typeof mount === "string" ? { path: mount } : mount;
    return { path: absolute(path), write };
  });
}

/** What is shown, at which path. */
export interface Binding {
  readonly path: string;
  readonly from: string;
  readonly write: boolean;
}

/**
 * Parents first, without what is shown already, in one of these or in `system`. What is named through a link is shown by
 * its own path, and by the one given where that leads nowhere otherwise.
 */
export function bindings(mounts: readonly Mount[], files: Files, system: readonly string[] = []): readonly Binding[] {
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

/** The inputs that lie in what is hidden, as those of a workspace's own: they are shown all the same. One that holds what is hidden is not. */
export function inputsInside(hidden: readonly string[], inputs: readonly string[]): readonly string[] {
  const isInside = (path: string): boolean => hidden.some((folder) => path !== folder && isWithin(path, folder));
  return inputs.filter((path) => isInside(path) && !hidden.some((one) => isWithin(one, path)));
}
