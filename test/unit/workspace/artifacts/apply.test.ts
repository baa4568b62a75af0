import { execFileSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { applySchema } from "../../../../src/model/apply.ts";
import { compileSchema } from "../../../../src/schema/validate.ts";
import { applyState, lastApplied, recoverApply } from "../../../../src/workspace/artifacts/apply.ts";
import { planApply } from "../../../../src/workspace/artifacts/apply-plan.ts";
import { SnapshotStore } from "../../../../src/workspace/artifacts/store.ts";
import { files, killAtEachChange, look, plant, type World, world } from "./rig.ts";

const NOW = new Date("2026-01-31T12:00:00Z");
const TRACKED = ["src", "train.py"];
const START = {
  "train.py": "1",
  "README.md": "not tracked",
  "src/keep.txt": "keep",
  "src/gone.txt": "gone",
  "src/old/a.txt": "a",
  "src/swap": "a file",
  "src/link": { link: "keep.txt" },
  "src/run.sh": { mode: 0o644, text: "x" },
} as const;

/** A project at its start, and a state that writes, deletes, turns a file into a folder, and changes a mode and a link. */
function changed(): World & { readonly start: string; readonly state: string } {
  const at = world(START);
  const start = at.store.capture(at.project, TRACKED).snapshot.id;
  const next = join(at.dir, "next");
  at.store.materialize(start, next);
  for (const path of ["src/gone.txt", "src/old", "src/swap", "src/link"]) rmSync(join(next, path), { recursive: true });
  plant(next, {
    "train.py": "2",
    "src/new/deep/n.bin": Uint8Array.from([0, 1, 2]),
    "src/swap/inner.txt": "inner",
    "src/link": { link: "train.py" },
    "src/empty": null,
  });
  chmodSync(join(next, "src/run.sh"), 0o755);
  return { ...at, start, state: at.store.capture(next, TRACKED, { cache: false }).snapshot.id };
}

function apply(store: SnapshotStore, start: string, snapshot: string, target: string, force = false): void {
  recoverApply(store, { force });
  const applied = lastApplied(store, target);
  const plan = planApply(store, { target, snapshot, start, ...(applied === null ? {} : { applied }) });
  applyState(store, plan, { force, now: NOW });
}

test("the project becomes the state in its tracked parts, and nothing else in it changes", () => {
  const { store, project, start, state, root } = changed();
  writeFileSync(join(project, "src/mine.txt"), "the user's new file");
  apply(store, start, state, project);
  expect(readFileSync(join(project, "README.md"), "utf8")).toBe("not tracked");
  expect(readFileSync(join(project, "src/mine.txt"), "utf8")).toBe("the user's new file");
  rmSync(join(project, "src/mine.txt"));
  expect(store.identify(project, TRACKED)).toBe(state);
  expect(readdirSync(project).sort()).toEqual(["README.md", "src", "train.py"]);
  const record: unknown = JSON.parse(readFileSync(join(root, "apply.json"), "utf8"));
  expect(record).toMatchObject({ state: "done", snapshot: state, steps: [] });
  expect(compileSchema(applySchema)(record)).toEqual([]);
});

test("applying again, another state, and the start again all work without force", () => {
  const { store, project, start, state } = changed();
  apply(store, start, state, project);
  expect(planApply(store, { target: project, snapshot: state, start }).steps).toEqual([]);
  apply(store, start, state, project);
  apply(store, start, start, project);
  expect(store.identify(project, TRACKED)).toBe(start);
});

test("a plan says what would be done and does nothing", () => {
  const { store, project, start, state } = changed();
  const before = look(project);
  const { steps, conflicts } = planApply(store, { target: project, snapshot: state, start });
  expect(conflicts).toEqual([]);
  expect(steps.map(({ action, path }) => `${action} ${path}`)).toEqual([
    "delete src/old/a.txt",
    "delete src/gone.txt",
    "delete src/swap",
    "remove-folder src/old",
    "make-folder src/empty",
    "make-folder src/new",
    "make-folder src/new/deep",
    "make-folder src/swap",
    "write src/link",
    "write src/new/deep/n.bin",
    "write src/swap/inner.txt",
    "write train.py",
    "set-mode src/swap",
    "set-mode src/run.sh",
    "set-mode src/new/deep",
    "set-mode src/new",
    "set-mode src/empty",
  ]);
  expect(look(project)).toEqual(before);
});

test("files changed since the start are named and kept, unless forced", () => {
  const { store, project, start, state } = changed();
  writeFileSync(join(project, "train.py"), "mine");
  writeFileSync(join(project, "src/gone.txt"), "mine");
  plant(project, { "src/new/deep/n.bin": "mine" });
  const before = look(project);
  expect(() => apply(store, start, state, project)).toThrow(
    expect.objectContaining({
      exitCode: 2,
      message: expect.stringMatching(
        /gone\.txt" changed since the start[\s\S]*n\.bin" changed[\s\S]*train\.py" changed[\s\S]*--force/,
      ),
    }),
  );
  expect(look(project)).toEqual(before);
  apply(store, start, state, project, true);
  expect(store.identify(project, TRACKED)).toBe(state);
});

test("files the user deleted, or changed to what they should be, are no conflict", () => {
  const { store, project, start, state } = changed();
  rmSync(join(project, "src/keep.txt"));
  rmSync(join(project, "src/gone.txt"));
  writeFileSync(join(project, "train.py"), "2");
  apply(store, start, state, project);
  expect(store.identify(project, TRACKED)).toBe(state);
});

test("an empty or new folder gets the whole state", () => {
  const { store, dir, start, state } = changed();
  const target = join(dir, "some/where");
  apply(store, start, state, target);
  expect(store.identify(target, TRACKED)).toBe(state);
  expect(readdirSync(target).sort()).toEqual(["src", "train.py"]);
});

test("nothing is written or deleted through a link, not even by force", () => {
  const { store, dir, project, start, state } = changed();
  renameSync(join(project, "src"), join(dir, "elsewhere"));
  symlinkSync("../elsewhere", join(project, "src"));
  const before = look(join(dir, "elsewhere"));
  expect(() => apply(store, start, state, project)).toThrow(/"src" changed since the start/);
  apply(store, start, state, project, true);
  expect(look(join(dir, "elsewhere"))).toEqual(before);
  expect(store.identify(project, TRACKED)).toBe(state);
});

test("what is in the way and not the run's is never removed", () => {
  const { store, project, start, state } = changed();
  rmSync(join(project, "train.py"));
  plant(project, { "train.py/precious.txt": "precious" });
  expect(() => apply(store, start, state, project, true)).toThrow(
    /"train.py" is a folder with files that are not part of the run/,
  );
  rmSync(join(project, "train.py"), { recursive: true });
  execFileSync("mkfifo", [join(project, "train.py")]);
  expect(() => apply(store, start, state, project, true)).toThrow(/neither a file, a folder nor a link/);
  rmSync(join(project, "train.py"));
  rmSync(join(project, "src"), { recursive: true });
  writeFileSync(join(project, "src"), "a file of mine");
  expect(() => apply(store, start, state, project)).toThrow(/"src" changed since the start/);
});

test("killed at any change, each file is whole, and the next apply leaves the state before or the state after", () => {
  const { store, project, start, state, root } = changed();
  const seen = new Set<string>();
  const changes = killAtEachChange(
    (dying) => apply(new SnapshotStore(root, dying), start, state, project),
    () => {
      for (const [path, before, after] of [
        ["train.py", "1", "2"],
        ["src/keep.txt", "keep", "keep"],
      ] as const) {
        expect([before, after]).toContain(readFileSync(join(project, path), "utf8"));
      }
      const done = recoverApply(store, { force: false });
      const now = store.identify(project, TRACKED);
      seen.add(`${done ?? "nothing"} ${now === start ? "before" : now === state ? "after" : now}`);
      expect(readdirSync(project).sort()).toEqual(["README.md", "src", "train.py"]);
      files.remove(join(root, "apply.json"));
      applyState(store, planApply(store, { target: project, snapshot: start, start, applied: state }), {
        force: true,
        now: NOW,
      });
      expect(store.identify(project, TRACKED)).toBe(start);
      files.remove(join(root, "apply.json"));
    },
  );
  expect(changes).toBeGreaterThan(20);
  expect([...seen].sort()).toEqual(["dropped before", "finished after", "nothing before"]);
  expect(store.identify(project, TRACKED)).toBe(state);
});

test("killed again and again, also while it recovers, it gets there", () => {
  const { store, project, start, state, root } = changed();
  killAtEachChange(
    (dying) => apply(new SnapshotStore(root, dying), start, state, project),
    () => {},
  );
  expect(store.identify(project, TRACKED)).toBe(state);
});

test("an interrupted apply is not finished over what the user changed meanwhile, unless forced", () => {
  const { store, project, start, state, root } = changed();
  killAtEachChange(
    (dying) => apply(new SnapshotStore(root, dying), start, state, project),
    () => {
      const { state: standing } = JSON.parse(files.readText(join(root, "apply.json")) ?? "{}") as { state?: string };
      if (standing !== "replacing" || readFileSync(join(project, "train.py"), "utf8") !== "1") return;
      writeFileSync(join(project, "train.py"), "mine");
      expect(() => recoverApply(store, { force: false })).toThrow(
        /cut short, and these files changed since:\n {2}"train.py"/,
      );
      expect(readFileSync(join(project, "train.py"), "utf8")).toBe("mine");
      expect(recoverApply(store, { force: true })).toBe("finished");
      expect(store.identify(project, TRACKED)).toBe(state);
    },
  );
});

test("a damaged intent is named, and one that points outside its folder is damage", () => {
  const { store, root, project, state } = changed();
  mkdirSync(root, { recursive: true });
  const intent = {
    state: "replacing",
    target: project,
    snapshot: state,
    startedAt: "",
    steps: [{ action: "delete", path: "../victim" }],
  };
  writeFileSync(join(project, "../victim"), "x");
  for (const text of [
    "{",
    "[]",
    JSON.stringify({ ...intent, steps: [{ action: "explode", path: "a" }] }),
    JSON.stringify(intent),
  ]) {
    writeFileSync(join(root, "apply.json"), text);
    expect(() => recoverApply(store, { force: true })).toThrow(
      expect.objectContaining({ exitCode: 4, file: join(root, "apply.json") }),
    );
  }
  expect(existsSync(join(project, "../victim"))).toBe(true);
});
