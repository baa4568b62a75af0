import { hasControls } from "../text/printable.ts";
import { holdsSecrets, isWithin } from "./tree-path.ts";

/**
 * A tracked path as it is recorded: relative to the project, `/` between names, no `./` before and no `/` behind it;
 * `.` is the whole project. Throws `RangeError` on what is absolute, leaves the project or names no file.
 */
export function artifactPath(path: string): string {
  const trimmed = path.replace(/^(?:\.\/+)+/, "").replace(/\/+$/, "");
  if (path !== "" && (trimmed === "." || (trimmed === "" && path.startsWith(".")))) return ".";
  const problem = artifactPathProblem(path, trimmed);
  if (problem !== null) throw new RangeError(`${JSON.stringify(path)} cannot be a tracked artifact: ${problem}`);
  return trimmed;
}

/** Tracked paths in their recorded form, sorted, without repeats and without those that lie inside another. */
export function artifactPaths(artifacts: readonly (string | Artifact)[]): readonly string[] {
  const paths = [...new Set(artifacts.map((one) => artifactPath(typeof one === "string" ? one : one.path)))].sort();
  return paths.filter((path) => !paths.some((other) => other !== path && isWithin(path, other)));
}

/** A file or a folder that evolves across iterations; `path` is relative to the project. */
export interface Artifact {
  readonly kind: "file" | "directory";
  readonly path: string;
}

/** What a tracked path is said to be, `null` where it may be either: a `/` at the end of a text says it is a folder. */
export function artifactKind(artifact: string | Artifact): Artifact["kind"] | null {
  if (typeof artifact !== "string") return artifact.kind;
  return artifact.endsWith("/") ? "directory" : null;
}

function artifactPathProblem(path: string, trimmed: string): string | null {
  if (path === "") return "it is empty";
  if (path.startsWith("/") || /^[A-Za-z]:[\\/]/.test(path)) return "it must be relative to the project";
  if (hasControls(path)) return "it holds a control character";
  const names = trimmed.split("/");
  if (names.includes("..")) return "it must not go up with `..`";
  if (names.includes("") || names.includes(".")) return "write it without empty or `.` parts";
  if (names.some((name) => name.toLowerCase() === ".git")) return "git's own folder cannot be tracked";
  if (names.some((name) => holdsSecrets(name.toLowerCase()))) return "no trial gets `.env` and its like";
  return null;
}
