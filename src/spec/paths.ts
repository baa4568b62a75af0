import { isAbsolute, join, normalize, relative, resolve } from "node:path";
import type { Files } from "../kernel/effects.ts";
import { artifactKind, artifactPath } from "../model/artifact.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "../model/json.ts";
import { isWithin } from "../model/tree-path.ts";
import { placeProblem, tidy } from "../pipeline/trackable.ts";
import { type Finding, finding } from "./diagnostics.ts";
import { nearFile } from "./meant.ts";
import type { SpecPath } from "./places.ts";
import type { Site } from "./sites.ts";

/** The folders that paths in a spec are relative to. */
export interface SpecPaths {
  /** The spec's own folder, absolute. */
  readonly dir: string;
  /** The project, absolute. */
  readonly root: string;
}

/** Folders of a spec from its folder and what its `root` key holds; what is no text is told where it is checked. */
export function specPaths(dir: string, root: unknown): SpecPaths {
  return { dir, root: typeof root === "string" ? resolve(dir, root) : dir };
}

/** Whether a path, relative to a folder, stays inside it. */
function staysInside(path: string): boolean {
  const plain = normalize(path);
  return !isAbsolute(path) && plain !== ".." && !plain.startsWith("../");
}

/** A path that a spec holds, and where. */
export interface PlacedPath {
  readonly path: SpecPath;
  readonly value: string;
}

/** The paths under `artifacts` or `inputs`. */
function placedPaths(spec: JsonObject, key: "artifacts" | "inputs"): readonly PlacedPath[] {
  const list = spec[key];
  if (!Array.isArray(list)) return [];
  return list.flatMap((entry: JsonValue, index) => {
    const at = [key, String(index)];
    if (typeof entry === "string") return [{ path: at, value: entry }];
    return isJsonObject(entry) && typeof entry.path === "string" ? [{ path: [...at, "path"], value: entry.path }] : [];
  });
}

/** The artifacts that a run has not read yet, when it tracks these: what it has read need not be there any more. */
export function unreadArtifacts(spec: JsonObject, tracked: readonly string[]): readonly PlacedPath[] {
  return placedPaths(spec, "artifacts").filter(({ value }) => !tracked.some((path) => isWithin(tidy(value), path)));
}

const OUTSIDE_COPY =
  "with `artifacts` each trial has its own copy of the project, and this input would be outside of it; " +
  "use an absolute path, or a wider `root`";

const ALL_OF_THE_DISK =
  "all of this machine's files cannot be an input: they change all the time; name the files or folders that hold the data";

/** What cannot be an artifact or an input by its path alone, and what cannot be both. */
export function pathFindings(spec: JsonObject): readonly Finding[] {
  const artifacts = placedPaths(spec, "artifacts");
  const everything = placedPaths(spec, "inputs").filter(({ value }) => tidy(value) === "/");
  const inputs = artifacts.length === 0 ? [] : placedPaths(spec, "inputs");
  const unusable = artifacts.flatMap(({ path, value }) => {
    const problem = artifactProblem(value);
    return problem === null ? [] : [finding(path, problem)];
  });
  const outside = inputs
    .filter(({ value }) => !isAbsolute(value) && !staysInside(value))
    .map(({ path }) => finding(path, OUTSIDE_COPY));
  return [
    ...everything.map(({ path }) => finding(path, ALL_OF_THE_DISK)),
    ...unusable,
    ...outside,
    ...overlaps(artifacts, inputs),
  ];
}

function artifactProblem(value: string): string | null {
  if (value === "") return null;
  if (!staysInside(value)) return "a tracked artifact has to be inside `root`";
  const path = tidy(value);
  if (path.split("/").includes("node_modules")) {
    return "a folder of packages cannot be tracked: what is in node_modules is for a command to restore";
  }
  try {
    artifactPath(path);
    return null;
  } catch (thrown) {
    return thrown instanceof RangeError ? thrown.message : null;
  }
}

/** In a trial's copy an input stands at its path, read-only: an artifact there, or in there, would be edited and not used. */
function overlaps(artifacts: readonly PlacedPath[], inputs: readonly PlacedPath[]): readonly Finding[] {
  return inputs
    .filter(({ value }) => value !== "" && !isAbsolute(value) && staysInside(value))
    .flatMap((input) => {
      const artifact = artifacts.find(({ value }) => value !== "" && relationOf(input.value, value) !== null);
      if (!artifact) return [];
      const relation = relationOf(input.value, artifact.value);
      return finding(
        input.path,
        `the input ${tidy(input.value)} ${relation} the tracked artifact ${tidy(artifact.value)}: trials would get the ` +
          "read-only input there, and edits would not be used; name it under one of the two only",
      );
    });
}

function relationOf(input: string, artifact: string): string | null {
  const [one, other] = [tidy(input), tidy(artifact)];
  if (one === other) return "is";
  return isWithin(other, one) ? "contains" : null;
}

/** Artifacts that are there and cannot be tracked: a link, what lies behind one, a device. */
export function untrackable(artifacts: readonly PlacedPath[], root: string, files: Files): readonly Finding[] {
  return artifacts.flatMap(({ path, value }) => {
    if (artifactProblem(value) !== null || value === "") return [];
    const isInAnother = artifacts.some(
      (other) => tidy(other.value) !== tidy(value) && isWithin(tidy(value), tidy(other.value)),
    );
    const problem = placeProblem(tidy(value), root, files, isInAnother) ?? kindProblem(value, root, files);
    return problem === null ? [] : [finding(path, `the tracked artifact ${tidy(value)} ${problem}`)];
  });
}

function kindProblem(value: string, root: string, files: Files): string | null {
  if (artifactKind(value) !== "directory") return null;
  const real = files.realPath(join(root, tidy(value)));
  const isFile = real !== null && files.stat(real)?.kind === "file";
  return isFile ? "is a file: write it without the / at its end" : null;
}

/**
 * Files and folders that a spec names and that are not there, or are the other of the two; `artifacts`: those of its
 * artifacts that have to be there.
 */
export function missingFiles(
  spec: JsonObject,
  sites: readonly Site[],
  paths: SpecPaths,
  files: Files,
  artifacts: readonly PlacedPath[],
): readonly Finding[] {
  const absent = ({ path, value }: PlacedPath, base: string, wanted: unknown, hint = ""): readonly Finding[] => {
    if (value === "") return [];
    const absolute = resolve(base, value);
    const real = files.realPath(absolute);
    const what = wanted === "any" ? "file or folder" : wanted;
    const home = /^~(?:\/|$)/.test(value) ? '; your home is "${HOME}" here' : "";
    if (real === null)
      return [finding(path, `there is no ${what} ${absolute}${hint}${home}`, nearFile(value, absolute, files))];
    const isFolder = files.stat(real)?.kind === "directory";
    if (what === "file" && isFolder) return [finding(path, `${absolute} is a folder; a file is wanted here`)];
    return what === "folder" && !isFolder ? [finding(path, `${absolute} is no folder; a folder is wanted here`)] : [];
  };
  const named = sites.flatMap(({ path, value, schema }) => {
    const wanted = schema?.["x-path"];
    return wanted !== undefined && typeof value === "string" ? absent({ path, value }, paths.dir, wanted) : [];
  });
  if (named.some(({ path }) => path[0] === "root")) return named;
  const project = [...placedPaths(spec, "inputs"), ...artifacts];
  // A spec in a folder of its own is easily written as from the project's.
  const inParent = ({ value }: PlacedPath): string => {
    const isThere = spec.root === undefined && files.realPath(resolve(paths.root, "..", value)) !== null;
    return isThere ? ", but in the folder above, which `root: ..` makes the project" : "";
  };
  return [...project.flatMap((placed) => absent(placed, paths.root, "any", inParent(placed))), ...named];
}

/** Tracked files that the experimenter reads from the project, once: there no edit of a hypothesis is seen. */
export function readBeforeEdits(
  spec: JsonObject,
  sites: readonly Site[],
  { dir, root }: SpecPaths,
): readonly Finding[] {
  const tracked = placedPaths(spec, "artifacts").map(({ value }) => tidy(value));
  return sites.flatMap(({ path, value, schema }) => {
    // A module of a trial is taken from its copy.
    if (
      path[0] !== "experimenter" ||
      schema?.["x-path"] !== "file" ||
      schema["x-module"] !== undefined ||
      typeof value !== "string"
    )
      return [];
    const file = relative(root, resolve(dir, value));
    if (file.startsWith("..") || !tracked.some((artifact) => isWithin(file, artifact))) return [];
    const remedy = "a prompt has the tracked files as a trial has them in `{{#each artifacts}}{{content}}{{/each}}`";
    return [
      finding(path, `${value} is tracked, but read here once, from the project: edits do not reach it; ${remedy}`),
    ];
  });
}
