import { join, normalize, relative } from "node:path";
import type { EntryKind, Files } from "../kernel/effects.ts";
import { SpecError } from "../kernel/errors.ts";
import { type Artifact, artifactKind, artifactPath } from "../model/artifact.ts";
import type { RunSettings } from "../model/settings.ts";
import { isWithin } from "../model/tree-path.ts";

/**
 * Throws `SpecError` for artifacts of a pipeline in code that are something else than they are said to be, are links, or
 * are read-only inputs as well. What is missing is told when it is read.
 */
export function assertArtifacts(
  artifacts: readonly (string | Artifact)[],
  { root, inputs }: Pick<RunSettings, "root" | "inputs">,
  files: Files,
): void {
  for (const artifact of artifacts) {
    const path = artifactPath(typeof artifact === "string" ? artifact : artifact.path);
    const name = `the tracked artifact ${JSON.stringify(path)}`;
    const kind = kindAt(join(root, path), files);
    const said = artifactKind(artifact);
    if (said === "file" && kind === "directory") {
      throw new SpecError(`${name} is a folder: track it with a DirectoryArtifact`);
    }
    if (said === "directory" && kind === "file") {
      const remedy =
        typeof artifact === "string" ? "write it without the / at its end" : "track it with a FileArtifact";
      throw new SpecError(`${name} is a file: ${remedy}`);
    }
    const isInAnother = artifacts.some((other) => {
      const folder = artifactPath(typeof other === "string" ? other : other.path);
      return folder !== path && isWithin(path, folder);
    });
    const problem = placeProblem(path, root, files, isInAnother);
    if (problem !== null) throw new SpecError(`${name} ${problem}`);
    const input = inputs.map((one) => tidy(one.path)).find((one) => isWithin(path, one));
    if (input !== undefined) {
      const relation = input === path ? "is" : "contains";
      throw new SpecError(
        `the input ${JSON.stringify(input)} ${relation} ${name}: trials would get the read-only input there, and edits would not be used; name it as one of the two only`,
      );
    }
  }
}

/** Why what is at a path cannot be tracked. `isInAnother`: links in a tracked folder are part of it. */
export function placeProblem(path: string, root: string, files: Files, isInAnother: boolean): string | null {
  if (path === ".") return null;
  const names = path.split("/");
  const folders = names.slice(1).map((_, place) => names.slice(0, place + 1).join("/"));
  const link = folders.find((folder) => files.stat(join(root, folder))?.kind === "symlink");
  if (link !== undefined) return `lies behind ${link}, which is a symbolic link; track what the link leads to`;
  const kind = files.stat(join(root, path))?.kind;
  if (kind === "other") return "is no file, folder or link";
  if (kind !== "symlink") return null;
  const [realRoot, real] = [files.realPath(root), files.realPath(join(root, path))];
  if (realRoot === null || real === null) return null;
  if (!isWithin(real, realRoot)) return "is a link that leads out of the project; track a copy of what it leads to";
  if (isInAnother) return null;
  return `is a symbolic link, and nothing but the link would be tracked; name what it leads to: ${relative(realRoot, real) || "."}`;
}

function kindAt(path: string, files: Files): EntryKind | null {
  const stat = files.stat(path);
  if (stat?.kind !== "symlink") return stat?.kind ?? null;
  const real = files.realPath(path);
  return real === null ? null : (files.stat(real)?.kind ?? null);
}

/** Paths relative to `root` of what is not copied with the project: inputs, which have a place of their own, and what trials may not see. */
export function keptOut({ root, inputs, hidden }: Pick<RunSettings, "root" | "inputs" | "hidden">): readonly string[] {
  return [...inputs.map(({ path }) => path), ...hidden.map((path) => relative(root, path))];
}

/** A path relative to the folder, as it is written in records, without a slash at its end unless it is all of the path. */
export function tidy(path: string): string {
  return normalize(path).replace(/(?<=.)\/+$/, "");
}
