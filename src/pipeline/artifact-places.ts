import { join, normalize, relative } from "node:path";
import type { EntryKind, Files } from "../kernel/effects.ts";
import { SpecError } from "../kernel/errors.ts";
import { type Artifact, artifactKind, artifactPath } from "../model/artifact.ts";
import type { RunSettings } from "../model/settings.ts";
import { isWithin } from "../workspace/states/index.ts";

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
    if (!isInAnother) refuseLink(path, root, files, name);
    const input = inputs.map((one) => tidy(one.path)).find((one) => isWithin(path, one));
    if (input !== undefined) {
      const relation = input === path ? "is" : "contains";
      throw new SpecError(
        `the input ${JSON.stringify(input)} ${relation} ${name}: trials would get the read-only input there, and edits would not be used; name it as one of the two only`,
      );
    }
  }
}

/** Links in a tracked folder are part of it; of one that is named, nothing but the link would be tracked. */
function refuseLink(path: string, root: string, files: Files, name: string): void {
  if (files.stat(join(root, path))?.kind !== "symlink") return;
  const [realRoot, real] = [files.realPath(root), files.realPath(join(root, path))];
  if (realRoot === null || real === null || !isWithin(real, realRoot)) return;
  throw new SpecError(
    `${name} is a symbolic link, and nothing but the link would be tracked: track what it leads to, ${JSON.stringify(relative(realRoot, real) || ".")}`,
  );
}

function kindAt(path: string, files: Files): EntryKind | null {
  const stat = files.stat(path);
  if (stat?.kind !== "symlink") return stat?.kind ?? null;
  const real = files.realPath(path);
  return real === null ? null : (files.stat(real)?.kind ?? null);
}

function tidy(path: string): string {
  return normalize(path).replace(/(?<=.)\/+$/, "");
}
