import { basename } from "node:path";
import ignore from "ignore";
import type { Effects } from "../../kernel/effects.ts";
import { holdsSecrets, isTreePath, isWithinAny, parentsOf } from "../../model/tree-path.ts";
import { type Excludes, HARD_EXCLUDES, projectExcludes } from "./excludes.ts";
import { scanTree } from "./scan.ts";
import type { ArtifactWarning, Snapshot } from "./snapshot.ts";
import type { Captured, SnapshotStore } from "./store.ts";

export interface ProjectFiles {
  /** Files and links relative to the root, sorted. */
  readonly paths: readonly string[];
  readonly warnings: readonly ArtifactWarning[];
}

/**
 * What a trial's own copy of the project holds besides the artifacts: what the patterns match (in the language of
 * `.gitignore`, `!` takes out again); without patterns what git tracks under `root`; where git tracks nothing, all but
 * folders that begin with a dot, `node_modules` and workspaces. Files that are gone are left out.
 */
export async function listProjectFiles(
  root: string,
  patterns: readonly string[] | null,
  effects: Effects,
  signal: AbortSignal,
): Promise<ProjectFiles> {
  if (patterns !== null) return { paths: walk(root, effects, matching(patterns)), warnings: [] };
  const listing = await listTracked(root, effects, signal);
  if (listing.kind === "tracked" && listing.paths.length > 0) {
    const there = listing.paths.filter((path) => isTreePath(path) && effects.files.stat(`${root}/${path}`) !== null);
    return { paths: there.toSorted(), warnings: [] };
  }
  const warnings: ArtifactWarning[] = [];
  if (listing.kind === "unusable") {
    const message = `git cannot list the files of ${root} (${listing.message}): all of its files are copied for trials`;
    warnings.push({ code: "git-unusable", message });
  }
  return { paths: walk(root, effects, WITHOUT_GIT), warnings };
}

export interface ProjectRequest {
  readonly root: string;
  /** Tracked artifacts in normal form. */
  readonly tracked: readonly string[];
  readonly patterns: readonly string[] | null;
  /** Inputs relative to the root: data that is linked into copies and not copied. */
  readonly inputs: readonly string[];
}

export interface CapturedProject {
  /** State of the project's files outside the artifacts. */
  readonly project: Snapshot;
  /** State of the tracked artifacts, without inputs in them: the start. */
  readonly artifacts: Snapshot;
  readonly warnings: readonly ArtifactWarning[];
}

/**
 * Reads the user's files, once, at the start of a run: all later copies are made from what is stored now, which is on
 * the disk when this returns. Throws `SpecError` for an artifact that cannot be tracked.
 */
export async function captureProject(
  store: SnapshotStore,
  request: ProjectRequest,
  effects: Effects,
  signal: AbortSignal,
): Promise<CapturedProject> {
  const { root, tracked, inputs } = request;
  const how = { excludes: projectExcludes(effects.files, root), durable: true, without: inputs };
  const artifacts = await store.captureInTurns(root, tracked, how, turnsOf(effects, signal));
  const project = await captureOthers(store, request, effects, signal);
  return {
    project: project.snapshot,
    artifacts: artifacts.snapshot,
    warnings: [...artifacts.warnings, ...project.warnings],
  };
}

/** A project may be large: between its files a stop is heard and the lock kept fresh. */
function turnsOf({ clock }: Effects, signal: AbortSignal): () => Promise<void> {
  return async () => {
    await clock.turn();
    signal.throwIfAborted();
  };
}

/** The project's files outside the artifacts. */
async function captureOthers(
  store: SnapshotStore,
  request: ProjectRequest,
  effects: Effects,
  signal: AbortSignal,
): Promise<Captured> {
  const { paths, warnings } = await listOtherFiles(request, effects, signal);
  const how = { excludes: HARD_EXCLUDES, strict: false, durable: true };
  const captured = await store.captureInTurns(request.root, paths, how, turnsOf(effects, signal));
  return { snapshot: captured.snapshot, warnings: [...warnings, ...notMissing(captured.warnings)] };
}

/** What is read of a project besides its artifacts. */
export async function listOtherFiles(
  { root, tracked, patterns, inputs }: ProjectRequest,
  effects: Effects,
  signal: AbortSignal,
): Promise<ProjectFiles> {
  const listed = await listProjectFiles(root, patterns, effects, signal);
  const paths = [...listed.paths, ...ignoreFilesAbove(tracked)];
  return {
    paths: paths.filter((path) => !isWithinAny(path, tracked) && !isWithinAny(path, inputs) && !holdsSecrets(path)),
    warnings: listed.warnings,
  };
}

/** They say what stays out of the artifacts, now and when what a trial left is looked at. */
function ignoreFilesAbove(tracked: readonly string[]): readonly string[] {
  return [".gitignore", ...tracked.flatMap(parentsOf).map((folder) => `${folder}/.gitignore`)];
}

/** That there is no ignore file, or that a listed file is gone by now, is nothing to tell. */
function notMissing(warnings: readonly ArtifactWarning[]): readonly ArtifactWarning[] {
  return warnings.filter(({ code }) => code !== "artifact-left-out");
}

function walk(root: string, effects: Effects, excludes: Excludes): readonly string[] {
  const { found } = scanTree(effects.files, { root, tracked: ["."], excludes, strict: false });
  return found
    .filter(({ stat }) => stat.kind !== "directory")
    .map(({ path }) => path)
    .sort();
}

/** Ignore files are not looked at: without git nothing says what they would be for. */
const WITHOUT_GIT: Excludes = {
  excluded: (path, isDirectory) => {
    const name = basename(path);
    return isDirectory && (name.startsWith(".") || name === "node_modules");
  },
  within: () => WITHOUT_GIT,
};

/** Takes in what the patterns match. `node_modules` is only looked into when a pattern names it. */
function matching(patterns: readonly string[]): Excludes {
  const rules = patterns.map((pattern) => ({
    takesOut: pattern.startsWith("!"),
    rule: ignore().add(pattern.replace(/^!/, "")),
  }));
  // The last pattern that matches decides, also below a folder that an earlier one takes in.
  const isWanted = (path: string): boolean => rules.findLast(({ rule }) => rule.ignores(path))?.takesOut === false;
  const intoPackages = patterns.some((pattern) => pattern.includes("node_modules"));
  const excludes: Excludes = {
    excluded: (path, isDirectory) => {
      const name = basename(path);
      if (name === ".git" || (name === "node_modules" && !intoPackages)) return true;
      return !isDirectory && !(ignore.isPathValid(path) && isWanted(path));
    },
    within: () => excludes,
  };
  return excludes;
}

const OUTPUT_LIMIT_BYTES = 512 * 1024 * 1024;
const TIMEOUT_MS = 60_000;
const GRACE_MS = 1000;

export type GitListing =
  | { readonly kind: "tracked"; readonly paths: readonly string[] }
  | { readonly kind: "no-repository" }
  | { readonly kind: "unusable"; readonly message: string };

/** The files that git tracks under a folder, relative to it; also when the folder lies deep inside a repository. */
async function listTracked(folder: string, effects: Effects, signal: AbortSignal): Promise<GitListing> {
  const paths: string[] = [];
  const result = await effects.processes.run(
    {
      file: "git",
      // Quoted names make each a line; a file monitor would be a program of the repository's choice.
      args: ["-c", "core.quotePath=true", "-c", "core.fsmonitor=false", "ls-files", "--cached", "--recurse-submodules"],
      cwd: folder,
      env: environment(effects),
      timeoutMs: TIMEOUT_MS,
      graceMs: GRACE_MS,
      outputLimitBytes: OUTPUT_LIMIT_BYTES,
      onLine: (stream, line) => {
        if (stream === "stdout" && line !== "") paths.push(unquote(line));
      },
    },
    signal,
  );
  signal.throwIfAborted();
  if (result.end === "exited" && result.exitCode === 0) return { kind: "tracked", paths: [...new Set(paths)] };
  if (result.end === "cannot-start" || result.end === "spawn-error" || /not a git repository/i.test(result.stderrTail))
    return { kind: "no-repository" };
  const [reason] = result.stderrTail.trim().split("\n");
  return { kind: "unusable", message: reason || result.message || `git ended with ${result.exitCode ?? result.end}` };
}

function environment(effects: Effects): Readonly<Record<string, string>> {
  const kept = ["PATH", "HOME", "XDG_CONFIG_HOME", "SystemRoot"].flatMap((name): [string, string][] => {
    const value = effects.variables.get(name);
    return value === undefined ? [] : [[name, value]];
  });
  return { ...Object.fromEntries(kept), LC_ALL: "C", GIT_OPTIONAL_LOCKS: "0", GIT_TERMINAL_PROMPT: "0" };
}

const ESCAPES: Readonly<Record<string, number>> = { a: 7, b: 8, t: 9, n: 10, v: 11, f: 12, r: 13, '"': 34, "\\": 92 };

/** A name as git prints it: in quotes with C escapes, its bytes in octal, where it is not plain ASCII. */
function unquote(line: string): string {
  if (!line.startsWith('"') || !line.endsWith('"')) return line;
  const bytes: number[] = [];
  const parts = /\\([0-7]{3})|\\(.)|([^\\])/gs;
  for (const [, octal, escaped, plain] of line.slice(1, -1).matchAll(parts)) {
    if (octal !== undefined) bytes.push(Number.parseInt(octal, 8));
    else bytes.push(escaped === undefined ? (plain ?? "").charCodeAt(0) : (ESCAPES[escaped] ?? escaped.charCodeAt(0)));
  }
  return new TextDecoder().decode(Uint8Array.from(bytes));
}
