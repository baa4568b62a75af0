import { execFileSync } from "node:child_process";
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { systemEffects } from "../../../../src/platform/system.ts";
import { captureTrialCopy } from "../../../../src/workspace/states/copies.ts";
import { captureProject, listProjectFiles } from "../../../../src/workspace/states/project.ts";
import { plant, world } from "./rig.ts";

const effects = systemEffects();
const signal = new AbortController().signal;
const list = async (root: string, patterns: readonly string[] | null = null) =>
  (await listProjectFiles(root, patterns, effects, signal)).paths;

function git(cwd: string, ...args: string[]): void {
  execFileSync("git", ["-c", "user.name=t", "-c", "user.email=t@example.org", ...args], { cwd, stdio: "ignore" });
}

const TREE = {
  "spec.yaml": "x",
  "sub/a.py": "a",
  'sub/ü "q".txt': "u",
  ".hidden/h.txt": "h",
  ".dotfile": "d",
  "node_modules/p/i.js": "i",
  "runs/one/run.json": '{"format":1}',
  "runs/one/x.txt": "x",
  "data/big.csv": "1",
  "data/small.csv": "1",
} as const;

test("with git, the tracked files that are there; also of a folder inside a repository", async () => {
  const { project } = world(TREE);
  git(project, "init", "-q");
  git(project, "add", "spec.yaml", "sub", ".hidden", "data/small.csv");
  git(project, "commit", "-qm", "x");
  rmSync(join(project, "sub/a.py"));
  plant(project, { "sub/untracked.py": "u" });
  expect(await list(project)).toEqual([".hidden/h.txt", "data/small.csv", "spec.yaml", 'sub/ü "q".txt']);
  expect(await list(join(project, "sub"))).toEqual(['ü "q".txt']);
});

test("without git, all but folders that begin with a dot, packages and workspaces", async () => {
  const { project } = world(TREE);
  const expected = [".dotfile", "data/big.csv", "data/small.csv", "spec.yaml", "sub/a.py", 'sub/ü "q".txt'];
  expect(await list(project)).toEqual(expected);
  git(project, "init", "-q");
  expect(await list(project)).toEqual(expected);
});

test("a repository that git cannot read is warned of, and all files are taken", async () => {
  const { project } = world(TREE);
  git(project, "init", "-q");
  plant(project, { ".git/config": "[core\nbroken" });
  const { paths, warnings } = await listProjectFiles(project, null, effects, signal);
  expect(paths).toContain("data/big.csv");
  expect(warnings).toMatchObject([{ code: "git-unusable" }]);
});

test("patterns say what is in, and what is out again", async () => {
  const { project } = world(TREE);
  expect(await list(project, ["data/", "*.yaml", "!big.csv"])).toEqual(["data/small.csv", "spec.yaml"]);
  expect(await list(project, ["**/*.txt", "node_modules/p"])).toEqual([
    ".hidden/h.txt",
    "node_modules/p/i.js",
    'sub/ü "q".txt',
  ]);
  expect(await list(project, [])).toEqual([]);
});

test("the start of a run reads the project once: artifacts apart, inputs left where they are", async () => {
  const { project, store } = world(TREE);
  plant(project, { "link.py": { link: "sub/a.py" }, ".gitignore": "*.log\n", "sub/x.log": "noise" });
  const request = { root: project, tracked: ["sub"], patterns: null, inputs: ["data/big.csv"] };
  const captured = await captureProject(store, request, effects, signal);
  expect(captured.artifacts.entries.map(({ path }) => path)).toEqual(["sub", "sub/a.py", 'sub/ü "q".txt']);
  expect(captured.project.entries.map(({ path }) => path)).toEqual([
    ".dotfile",
    ".gitignore",
    "data/small.csv",
    "link.py",
    "spec.yaml",
  ]);
  expect(captured.warnings).toEqual([]);
  const again = await captureProject(store, request, effects, signal);
  expect([again.project.id, again.artifacts.id]).toEqual([captured.project.id, captured.artifacts.id]);
  await expect(captureProject(store, { ...request, tracked: ["nope"] }, effects, signal)).rejects.toThrow(
    /"nope" does not exist/,
  );
});

test("files that hold secrets are in no copy, with or without git", async () => {
  const { project, store } = world({
    "a.py": "a",
    ".env": "K=1",
    "sub/.env.local": "K=2",
    ".env.d/k": "3",
    ".envrc": "K=4",
    "my.env": "fine",
  });
  const request = { root: project, tracked: ["a.py"], patterns: null, inputs: [] };
  const { project: without } = await captureProject(store, request, effects, signal);
  expect(without.entries.map(({ path }) => path)).toEqual(["my.env"]);
  git(project, "init");
  git(project, "add", "-A", "-f");
  const { project: tracked } = await captureProject(store, request, effects, signal);
  expect(tracked.entries.map(({ path }) => path)).toEqual(["my.env"]);
});

test("files that hold secrets are no part of a tracked folder, as the run found it and as a trial left it", async () => {
  const { project, store } = world({ "src/a.py": "a", "src/.env": "K=1", "src/.env.d/key": "K=2" });
  const request = { root: project, tracked: ["src"], patterns: null, inputs: [] };
  const { artifacts } = await captureProject(store, request, effects, signal);
  expect(artifacts.entries.map(({ path }) => path)).toEqual(["src", "src/a.py"]);
  const left = captureTrialCopy(store, project, ["src"], { base: artifacts.id });
  expect(left).toMatchObject({ ok: true, snapshot: artifacts.id });
});

test("an input in a tracked folder is no part of the start", async () => {
  const { project, store } = world(TREE);
  const request = { root: project, tracked: ["."], patterns: null, inputs: ["data", "sub/a.py"] };
  const { artifacts } = await captureProject(store, request, effects, signal);
  expect(artifacts.entries.map(({ path }) => path)).toEqual([
    ".dotfile",
    ".hidden",
    ".hidden/h.txt",
    "runs",
    "spec.yaml",
    "sub",
    'sub/ü "q".txt',
  ]);
});

test("a stop is heard while git is asked", async () => {
  const { project } = world(TREE);
  mkdirSync(join(project, "x"));
  const stop = new AbortController();
  stop.abort(new Error("stopped by the user"));
  await expect(listProjectFiles(project, null, effects, stop.signal)).rejects.toThrow("stopped by the user");
});
