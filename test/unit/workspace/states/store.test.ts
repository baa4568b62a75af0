import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, readdirSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { isAuraError } from "../../../../src/kernel/errors.ts";
import { objectFile } from "../../../../src/workspace/layout.ts";
import { SnapshotStore } from "../../../../src/workspace/states/store.ts";
import { contentOf, identify } from "../../../support/states.ts";
import { files, killAtEachChange, look, plant, world } from "./rig.ts";

const BINARY = Uint8Array.from([0, 255, 254, 10, 13, 0, 128]);
const TREE = {
  "train.py": "print(1)\n",
  "src/run.sh": { mode: 0o750, text: "#!/bin/sh\n" },
  "src/data.bin": BINARY,
  "src/empty": null,
  "src/none.txt": "",
  "src/latest": { link: "run.sh" },
  "src/away": { link: "/etc/passwd" },
  "src/deep/er/x.txt": "x",
} as const;

test("modes, links, empty folders and binary files survive a round trip", () => {
  const { project, root, store, dir } = world(TREE);
  chmodSync(join(project, "src/deep/er"), 0o555);
  const { snapshot, warnings } = store.capture(project, ["src", "train.py"]);
  const target = join(dir, "out");
  new SnapshotStore(root, files).materialize(snapshot.id, target);
  expect(look(target)).toEqual(look(project));
  expect(identify(target, ["src", "train.py"])).toBe(snapshot.id);
  expect(store.capture(target, ["src", "train.py"]).snapshot.id).toBe(snapshot.id);
  expect(warnings).toEqual([]);
  chmodSync(join(project, "src/deep/er"), 0o755);
});

test("a copy shares nothing with the store: writing to it changes no state", () => {
  const { project, store, dir } = world({ "a.txt": "before" });
  const { snapshot } = store.capture(project, ["a.txt"]);
  store.materialize(snapshot.id, join(dir, "copy"));
  writeFileSync(join(dir, "copy/a.txt"), "AFTER!");
  expect(Buffer.from(contentOf(store, snapshot.id, "a.txt") ?? "").toString()).toBe("before");
  expect(() => store.materialize(snapshot.id, join(dir, "copy"))).toThrow(/not empty/);
});

test("tracked paths that lie inside one another are one tree", () => {
  const { project, store } = world(TREE);
  const { snapshot } = store.capture(project, ["src"]);
  expect(store.capture(project, ["src/deep", "src", "src", "src/run.sh"]).snapshot).toEqual(snapshot);
});

test("only the tracked parts are taken, without the folders on the way to them", () => {
  const { project, store } = world(TREE);
  const { snapshot } = store.capture(project, ["src/deep/er", "train.py"]);
  expect(snapshot.entries.map(({ path }) => path)).toEqual(["src/deep/er", "src/deep/er/x.txt", "train.py"]);
});

test("paths that leave the tree are refused with the reason", () => {
  const { project, store, dir } = world({ "src/a.txt": "a", inside: { link: "src" } });
  plant(dir, { "outside/b.txt": "b" });
  plant(project, { out: { link: "../outside" }, file: { link: "../outside/b.txt" } });
  for (const [path, reason] of [
    ["../outside", /relative, without/],
    [join(dir, "outside"), /relative, without/],
    ["src/../../outside", /relative, without/],
    ["inside/a.txt", /behind "inside", which is a symbolic link/],
    ["out/b.txt", /behind "out", which is a symbolic link/],
    ["file", /leads out of the project/],
    ["missing.txt", /does not exist/],
  ] as const) {
    expect(() => store.capture(project, [path]), path).toThrow(reason);
    expect(store.capture(project, [path], { strict: false }).snapshot.entries, path).toEqual([]);
  }
});

test("special files are left out with a warning, or refused when they are tracked by name", () => {
  const { project, store } = world({ "src/a.txt": "a" });
  execFileSync("mkfifo", [join(project, "src/pipe")]);
  const { snapshot, warnings } = store.capture(project, ["src"]);
  expect(snapshot.entries.map(({ path }) => path)).toEqual(["src", "src/a.txt"]);
  expect(warnings).toEqual([{ code: "special-file", message: '"src/pipe" is no file, folder or link: left out' }]);
  expect(() => store.capture(project, ["src/pipe"])).toThrow(/no file, folder or link/);
});

test("git's folder, packages, workspaces and what ignore files say stay out; what is tracked by name is in", () => {
  const { project, store } = world({
    ".gitignore": "*.log\n/src/out/\nweights/\n!keep.log\n",
    "src/.gitignore": "!debug.log\nlocal.txt\n",
    "src/a.log": "x",
    "src/debug.log": "x",
    "src/keep.log": "x",
    "src/local.txt": "x",
    "src/out/x.txt": "x",
    "src/.git/HEAD": "x",
    "src/node_modules/p/i.js": "x",
    "src/runs/one/run.json": '{ "format": 1 }',
    "src/runs/one/spec.yaml": "x",
    "src/other/run.json": '{ "command": "x" }',
    "weights/w.bin": "w",
  });
  const { snapshot } = store.capture(project, ["src", "weights"]);
  expect(snapshot.entries.map(({ path }) => path)).toEqual([
    "src",
    "src/.gitignore",
    "src/debug.log",
    "src/keep.log",
    "src/other",
    "src/other/run.json",
    "src/runs",
    "weights",
    "weights/w.bin",
  ]);
});

test("the workspace that looks is no part of what it sees", () => {
  const { project } = world({ "a.txt": "a" });
  const root = join(project, "runs/mine");
  mkdirSync(root, { recursive: true });
  const store = new SnapshotStore(root, files);
  const first = store.capture(project, ["."]).snapshot;
  expect(first.entries.map(({ path }) => path)).toEqual(["a.txt", "runs"]);
  expect(store.capture(project, ["."]).snapshot).toEqual(first);
});

test("a file too large for memory is streamed into the store", () => {
  const { project, store, dir, root } = world({ "big.bin": Buffer.alloc(9 * 1024 * 1024, 7) });
  const { snapshot } = store.capture(project, ["big.bin"], { durable: true });
  store.materialize(snapshot.id, join(dir, "out"));
  expect(look(join(dir, "out"))).toEqual(look(project));
  expect(readdirSync(join(root, "snapshots/objects"))).not.toContain("incoming");
  expect(store.capture(project, ["big.bin"]).snapshot).toEqual(snapshot);
});

test("a damaged object is found when it is restored, and the error names its file", () => {
  const { project, store, root, dir } = world({ "a.txt": "aaaa" });
  const { snapshot } = store.capture(project, ["a.txt"]);
  const [entry] = snapshot.entries;
  const object = objectFile(root, entry?.kind === "file" ? entry.sha256 : "");
  chmodSync(object, 0o644);
  writeFileSync(object, "aaab");
  for (const use of [
    () => store.materialize(snapshot.id, join(dir, "1")),
    () => contentOf(store, snapshot.id, "a.txt"),
    () => store.verify(snapshot.id),
  ]) {
    expect(use).toThrow(expect.objectContaining({ problem: "damaged", exitCode: 4, file: object }));
  }
  truncateSync(object, 0);
  // One that a power cut left short is written again by the next capture.
  store.capture(project, ["a.txt"]);
  store.verify(snapshot.id);
  rmSync(object);
  expect(() => store.verify(snapshot.id)).toThrow(/is missing/);
});

test("a state that is not there, and an id that is none, are said to be so", () => {
  const { store } = world();
  expect(() => store.read("0123456789abcdef")).toThrow(/0123456789abcdef.json is damaged: it is missing/);
  expect(() => store.read("../../etc/passwd")).toThrow(/"..\/..\/etc\/passwd", as a record has it, is not the id/);
  expect(store.ids()).toEqual([]);
});

test("a tree made in memory is stored once, however often it is put", () => {
  const { project, store } = world(TREE);
  const { snapshot } = store.capture(project, ["src", "train.py"]);
  const content = new TextEncoder().encode("print(1)\n");
  const entries = snapshot.entries.map((entry) =>
    entry.path === "train.py" ? { path: "train.py", kind: "file" as const, mode: 0o644, content } : entry,
  );
  expect(store.putTree(entries)).toEqual(snapshot);
  expect(store.ids()).toEqual([snapshot.id]);
});

test("killed at any change, a capture leaves no state that cannot be restored, and is done again", () => {
  const { project, root, store } = world(TREE);
  const expected = identify(project, ["src", "train.py"]);
  const changes = killAtEachChange(
    (dying) => {
      new SnapshotStore(root, dying).capture(project, ["src", "train.py"], { durable: true });
    },
    () => {
      const reader = new SnapshotStore(root, files);
      for (const id of reader.ids()) reader.verify(id);
    },
  );
  expect(changes).toBeGreaterThan(4);
  expect(store.ids()).toEqual([expected]);
  store.verify(expected);
});

test("nothing is written once writing is no longer allowed", () => {
  const { project, root } = world(TREE);
  const lost = new Error("the lock was lost");
  const store = new SnapshotStore(root, files, () => {
    throw lost;
  });
  expect(() => store.capture(project, ["src"])).toThrow(lost);
  expect(() => store.putTree([])).toThrow(lost);
  expect(readdirSync(root)).toEqual([]);
});

test("errors of the store are errors that AURA raised on purpose", () => {
  const { project, store } = world();
  try {
    store.capture(project, ["nope"]);
  } catch (error) {
    expect(isAuraError(error) && error.exitCode).toBe(2);
  }
});
