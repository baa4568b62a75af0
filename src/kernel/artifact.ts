import { type Artifact, artifactPath } from "../model/artifact.ts";
import { messageOf, UsageError } from "./errors.ts";
import { assertArgument } from "./given-options.ts";

/** A file that evolves across iterations: hypotheses may edit it. `path` is relative to the project. */
export class FileArtifact implements Artifact {
  readonly kind = "file";
  readonly path: string;

  /** Throws `UsageError` when the path is absolute, leaves the project, or is a folder's. */
  constructor(path: string) {
    this.path = trackedPath("FileArtifact", path);
    if (this.path === "." || path.endsWith("/"))
      throw new UsageError(`FileArtifact: ${JSON.stringify(path)} is a folder: use DirectoryArtifact`);
  }
}

/** A folder that evolves across iterations, with all in it. `path` is relative to the project; `.` is all of it. */
export class DirectoryArtifact implements Artifact {
  readonly kind = "directory";
  readonly path: string;

  /** Throws `UsageError` when the path is absolute or leaves the project. */
  constructor(path: string) {
    this.path = trackedPath("DirectoryArtifact", path);
  }
}

function trackedPath(what: string, path: string): string {
  assertArgument(what, "path", path, {
    expected: "a path, relative to the project",
    holds: (value) => typeof value === "string",
  });
  try {
    return artifactPath(path);
  } catch (thrown) {
    throw new UsageError(`${what}: ${messageOf(thrown)}`);
  }
}
