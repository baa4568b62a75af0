import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { captureTrialCopy, makeTrialCopy } from "../../../../src/workspace/states/copies.ts";
import { applyEdits } from "../../../../src/workspace/states/edits.ts";
import { look, plant, world } from "./rig.ts";

const TRACKED = ["src", "train.py"];

function prepared() {
  const at = world({
    "train.py": "1",
    "src/a.py": "a",
    "src/sub/b.py": "b",
    "test/run.sh": { mode: 0o755, text: "test" },
    "data/digits.csv": "1,2,3",
    "data/notes.md": "notes",
  });
  const project = at.store.capture(at.project, ["test", "data/notes.md", "data/digits.csv"]).snapshot.id;
  const base = at.store.capture(at.project, TRACKED).snapshot.id;
  const edited = applyEdits(
    at.store,
    base,
    [
      { path: "src/sub/b.py", delete: true },
      { path: "train.py", content: "2" },
    ],
    { tracked: TRACKED },
  );
  if (!edited.ok) throw new Error(edited.failure.message);
  const target = join(at.dir, "copy");
  const inputs = [{ path: "data/digits.csv", absolutePath: join(at.project, "data/digits.csv") }];
  return { ...at, files: project, base, state: edited.snapshot, target, inputs };
}

test("a trial's copy holds the project, the artifacts in their state and links to the inputs", () => {
  const { store, files: project, state, target, inputs, project: root } = prepared();
  mkdirSync(target);
  writeFileSync(join(target, "left by a crash"), "x");
  expect(makeTrialCopy(store, { project, artifacts: state, tracked: TRACKED, inputs, target })).toEqual([]);
  expect(Object.keys(look(target))).toEqual([
    "data",
    "data/digits.csv",
    "data/notes.md",
    "src",
    "src/a.py",
    "src/sub",
    "test",
    "test/run.sh",
    "train.py",
  ]);
  expect(readFileSync(join(target, "train.py"), "utf8")).toBe("2");
  expect(readlinkSync(join(target, "data/digits.csv"))).toBe(join(root, "data/digits.csv"));
  expect(look(target)["test/run.sh"]).toMatch(/^755 /);
});

test("an input that is a folder, or lies inside an artifact, is a link in the copy; one outside has no place in it", () => {
  const { store, files: project, state, target, project: root, dir } = prepared();
  const inputs = ["data", "data/digits.csv", "src/a.py", "../other", "/abs/x"].map((path) => ({
    path,
    absolutePath: join(root, path),
  }));
  const outside = makeTrialCopy(store, { project, artifacts: state, tracked: TRACKED, inputs, target });
  expect(outside.map(({ path }) => path)).toEqual(["../other", "/abs/x"]);
  expect(readlinkSync(join(target, "data"))).toBe(join(root, "data"));
  expect(readlinkSync(join(target, "src/a.py"))).toBe(join(root, "src/a.py"));
  expect(readdirSync(dir).sort()).toEqual(["copy", "project", "workspace"]);
});

test("a link to an input in a tracked folder is no part of what a trial left", () => {
  const { store, files: project, state, target, project: root } = prepared();
  const inputs = [{ path: "src/data.csv", absolutePath: join(root, "data/digits.csv") }];
  makeTrialCopy(store, { project, artifacts: state, tracked: TRACKED, inputs, target });
  const captured = captureTrialCopy(store, target, TRACKED, { base: state, inputs: ["src/data.csv"] });
  expect(captured).toMatchObject({ ok: true, snapshot: state });
});

test("what a trial writes in its copy reaches neither the project nor another copy of the same state", () => {
  const { store, files: project, state, target, inputs, project: root, dir } = prepared();
  const before = look(root);
  const request = { project, artifacts: state, tracked: TRACKED, inputs };
  for (const each of [target, join(dir, "before")]) makeTrialCopy(store, { ...request, target: each });
  writeFileSync(join(target, "train.py"), "hacked");
  writeFileSync(join(target, "test/run.sh"), "hacked");
  makeTrialCopy(store, { ...request, target: join(dir, "after") });
  for (const copy of ["before", "after"]) {
    expect(readFileSync(join(dir, copy, "train.py"), "utf8")).toBe("2");
    expect(readFileSync(join(dir, copy, "test/run.sh"), "utf8")).toBe("test");
  }
  expect(look(root)).toEqual(before);
});

test("a copy nobody touched is captured as the state it was made with, also what ignore files name", () => {
  const { store, target, base } = prepared();
  const state = applyEdits(
    store,
    base,
    [
      { path: "src/.gitignore", content: "*.log\n" },
      { path: "src/x.log", content: "x" },
    ],
    { tracked: TRACKED },
  );
  if (!state.ok) throw new Error(state.failure.message);
  makeTrialCopy(store, { project: null, artifacts: state.snapshot, tracked: TRACKED, inputs: [], target });
  plant(target, { "src/other.log": "noise", "src/__pycache__/a.pyc": "y" });
  rmSync(join(target, "src/__pycache__"), { recursive: true });
  expect(captureTrialCopy(store, target, TRACKED, { base: state.snapshot, rulesOf: [state.snapshot] })).toEqual({
    ok: true,
    snapshot: state.snapshot,
    warnings: [],
  });
});

test("links a trial leaves are recorded as links and never followed", () => {
  const { store, target, state, dir } = prepared();
  plant(dir, { "secret/s.txt": "secret" });
  makeTrialCopy(store, { project: null, artifacts: state, tracked: TRACKED, inputs: [], target });
  symlinkSync("/etc/passwd", join(target, "src/out"));
  symlinkSync(join(dir, "secret"), join(target, "src/dir"));
  symlinkSync("loop", join(target, "src/loop"));
  const captured = captureTrialCopy(store, target, TRACKED, { base: state, rulesOf: [] });
  const entries = captured.ok ? store.read(captured.snapshot).entries : [];
  expect(entries.filter(({ kind }) => kind === "symlink")).toEqual([
    { path: "src/dir", kind: "symlink", target: join(dir, "secret") },
    { path: "src/loop", kind: "symlink", target: "loop" },
    { path: "src/out", kind: "symlink", target: "/etc/passwd" },
  ]);
  rmSync(join(target, "src"), { recursive: true });
  symlinkSync(join(dir, "secret"), join(target, "src"));
  const replaced = captureTrialCopy(store, target, ["src/s.txt", "src", "train.py"], { base: state, rulesOf: [] });
  expect(replaced.ok && replaced.warnings.map(({ message }) => message)).toEqual([
    'the tracked artifact "src/s.txt" lies behind "src", which is a symbolic link',
    'the tracked artifact "src" is a link that leads out of the project',
  ]);
  expect(replaced.ok && store.read(replaced.snapshot).entries.map(({ path }) => path)).toEqual(["train.py"]);
});

test("a tree that is too large, too deep or too many is a failure, not an error", () => {
  const { store, target, state } = prepared();
  makeTrialCopy(store, { project: null, artifacts: state, tracked: TRACKED, inputs: [], target });
  const capture = (limits: { entries: number; bytes: number; pathLength: number }) => {
    const captured = captureTrialCopy(store, target, TRACKED, { base: state, rulesOf: [], limits });
    return captured.ok ? null : captured.failure;
  };
  const limits = { entries: 100, bytes: 1000, pathLength: 100 };
  expect(capture(limits)).toBeNull();
  expect(capture({ ...limits, entries: 2 })).toMatchObject({
    code: "artifacts-not-captured",
    message: expect.stringMatching(/more than 2 entries/),
  });
  expect(capture({ ...limits, bytes: 1 })?.message).toMatch(/larger than 1 bytes/);
  mkdirSync(join(target, `src/${"d/".repeat(60)}`), { recursive: true });
  expect(capture(limits)?.message).toMatch(/longer than 100 characters/);
});

test.skipIf(process.getuid?.() === 0)("a file nobody may read is a failure of the trial", () => {
  const { store, target, state } = prepared();
  makeTrialCopy(store, { project: null, artifacts: state, tracked: TRACKED, inputs: [], target });
  chmodSync(join(target, "train.py"), 0);
  expect(captureTrialCopy(store, target, TRACKED, { base: state, rulesOf: [] })).toMatchObject({
    ok: false,
    failure: { code: "artifacts-not-captured" },
  });
});

test("tracked parts that a trial removed are not in the state", () => {
  const { store, target, state } = prepared();
  makeTrialCopy(store, { project: null, artifacts: state, tracked: TRACKED, inputs: [], target });
  rmSync(join(target, "train.py"));
  const captured = captureTrialCopy(store, target, TRACKED, { base: state, rulesOf: [] });
  expect(captured.ok && store.read(captured.snapshot).entries.some(({ path }) => path === "train.py")).toBe(false);
  expect(existsSync(target)).toBe(true);
});

test("ignore files that a trial writes are not asked: one could take forever", () => {
  const { store, target, state, files: project } = prepared();
  makeTrialCopy(store, { project, artifacts: state, tracked: TRACKED, inputs: [], target });
  plant(target, {
    ".gitignore": "*.py\n",
    "src/.gitignore": `${"*a".repeat(40)}b\n`,
    [`src/${"a".repeat(200)}`]: "x",
  });
  const captured = captureTrialCopy(store, target, TRACKED, { base: state, rulesOf: [project, state] });
  expect(captured.ok && store.read(captured.snapshot).entries.map(({ path }) => path)).toEqual([
    "src",
    "src/.gitignore",
    "src/a.py",
    `src/${"a".repeat(200)}`,
    "src/sub",
    "train.py",
  ]);
});
