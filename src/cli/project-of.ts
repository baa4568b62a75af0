import { dirname, resolve } from "node:path";
import type { Files } from "../kernel/effects.ts";
import { WorkspaceError } from "../kernel/errors.ts";
import { specPlace } from "../workspace/spec-place.ts";
import type { StatesOfRun } from "./states.ts";

/**
 * The folder that the start of a run was read from. Where the run's spec is still where it was, as seen from the
 * workspace, that is the spec's `root`, so that a project that was moved or copied with its workspace stays the one that
 * is meant; else it is the folder that was recorded. Throws `WorkspaceError` ("usage") when there is none any more.
 */
export function projectOf({ workspace, manifest }: StatesOfRun, files: Files): string {
  const { specFile, project, spec } = manifest;
  if (specFile !== undefined) {
    const file = specPlace(workspace.root, specFile, files);
    if (files.stat(file) !== null)
      return typeof spec.root === "string" ? resolve(dirname(file), spec.root) : dirname(file);
  }
  const root = project?.root;
  if (root !== undefined && files.realPath(root) !== null) return root;
  const which = root === undefined ? "was not recorded" : `was in ${root}, which does not exist any more`;
  throw new WorkspaceError(
    "usage",
    `the project of the run in ${workspace.root} ${which}\nSay with \`--to DIR\` where to write to, or write a patch with \`--patch FILE\`.`,
  );
}
