import { execFileSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { type ApplyPlan, applySchema } from "../../../../src/model/apply.ts";
import { compileSchema } from "../../../../src/schema/validate.ts";
import { applyState, lastApplied, readApplies, recoverApply } from "../../../../src/workspace/states/apply.ts";
import { planApply } from "../../../../src/workspace/states/apply-plan.ts";
import { SnapshotStore } from "../../../../src/workspace/states/store.ts";
import { identify } from "../../../support/states.ts";
import { failAtEachChange, files, killAtEachChange, look, plant, type World, world } from "./rig.ts";

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
  return { ...at, start, state: at.store.capture(next, TRACKED).snapshot.id };
}

function apply(store: SnapshotStore, start: string, snapshot: string, target: string, force = false): ApplyPlan {
  recoverApply(store, { force, target });
  const applied = lastApplied(store, target);
  const isProject = target.endsWith("/project");
  const plan = planApply(store, { target, snapshot, start, isProject, ...(applied === null ? {} : { applied }) });
  applyState(store, plan, { force, now: NOW });
  return plan;
}

/** What an earlier apply that was cut short came to. */
const recovered = (store: SnapshotStore, target: string, force = false): string | undefined =>
  recoverApply(store, { force, target })[0]?.outcome;

test("the project becomes the state in its tracked parts, and nothing else in it changes", () => {
  const { store, project, start, state, root } = changed();
  writeFileSync(join(project, "src/mine.txt"), "the user's new file");
  apply(store, start, state, project);
  expect(readFileSync(join(project, "README.md"), "utf8")).toBe("not tracked");
  expect(readFileSync(join(project, "src/mine.txt"), "utf8")).toBe("the user's new file");
  rmSync(join(project, "src/mine.txt"));
  expect(identify(project, TRACKED)).toBe(state);
  expect(readdirSync(project).sort()).toEqual(["README.md", "src", "train.py"]);
  const record: unknown = JSON.parse(readFileSync(join(root, "apply.json"), "utf8"));
  expect(record).toEqual({
    unfinished: [],
    applied: [{ target: project, snapshot: state, appliedAt: NOW.toISOString() }],
  });
  expect(compileSchema(applySchema)(record)).toEqual([]);
});

test("applying again, another state, and the start again all work without force", () => {
  const { store, project, start, state } = changed();
  apply(store, start, state, project);
  expect(planApply(store, { target: project, snapshot: state, start, isProject: true }).steps).toEqual([]);
  apply(store, start, state, project);
  apply(store, start, start, project);
  expect(identify(project, TRACKED)).toBe(start);
});

test("a plan says what would be done and does nothing", () => {
  const { store, project, start, state } = changed();
  const before = look(project);
  const { steps, conflicts } = planApply(store, { target: project, snapshot: state, start, isProject: true });
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
  expect(identify(project, TRACKED)).toBe(state);
});

test("an empty folder that the user made where a file was is a conflict, also where the state has nothing there", () => {
  const { store, project, start, state } = changed();
  for (const path of ["train.py", "src/gone.txt"]) {
    rmSync(join(project, path));
    mkdirSync(join(project, path));
  }
  const before = look(project);
  expect(() => apply(store, start, state, project)).toThrow(/gone\.txt" changed since[\s\S]*train\.py" changed since/);
  expect(look(project)).toEqual(before);
  apply(store, start, state, project, true);
  expect(identify(project, TRACKED)).toBe(state);
});

test("files the user changed to what they should be, deletions too, are no conflict", () => {
  const { store, project, start, state } = changed();
  rmSync(join(project, "src/gone.txt"));
  writeFileSync(join(project, "train.py"), "2");
  apply(store, start, state, project);
  expect(identify(project, TRACKED)).toBe(state);
});

test("a deletion and a change of permissions by the user are conflicts where the run touched the file", () => {
  const { store, project, start, state } = changed();
  rmSync(join(project, "train.py"));
  chmodSync(join(project, "src/gone.txt"), 0o600);
  chmodSync(join(project, "src/run.sh"), 0o600);
  const before = look(project);
  expect(() => apply(store, start, state, project)).toThrow(
    /gone\.txt" changed since[\s\S]*run\.sh" has had its permissions changed[\s\S]*train\.py" was deleted since the start/,
  );
  expect(look(project)).toEqual(before);
  apply(store, start, state, project, true);
  expect(identify(project, TRACKED)).toBe(state);
});

test("what the user changed and the run did not stays as it is, also by force, and is told", () => {
  const { store, start, state, project } = changed();
  const others = { "src/edited.txt": "e", "src/mode.txt": "m" };
  plant(project, others);
  const from = store.capture(project, TRACKED).snapshot.id;
  const to = store.putTree([
    ...store.read(from).entries.filter(({ path }) => path in others || path === "src/keep.txt"),
    ...store.read(state).entries.filter(({ path }) => path !== "src/keep.txt"),
  ]).id;
  expect(start).not.toBe(from);
  rmSync(join(project, "src/keep.txt"));
  writeFileSync(join(project, "src/edited.txt"), "mine");
  chmodSync(join(project, "src/mode.txt"), 0o600);
  const { kept } = apply(store, from, to, project, true);
  expect(kept).toEqual([
    { path: "src/edited.txt", reason: "was changed" },
    { path: "src/keep.txt", reason: "was deleted" },
    { path: "src/mode.txt", reason: "has other permissions" },
  ]);
  expect(existsSync(join(project, "src/keep.txt"))).toBe(false);
  expect(readFileSync(join(project, "src/edited.txt"), "utf8")).toBe("mine");
  expect(statSync(join(project, "src/mode.txt")).mode & 0o777).toBe(0o600);
  expect(readFileSync(join(project, "train.py"), "utf8")).toBe("2");
});

test("what an earlier apply did is known for each folder, also when a later one was cut short", () => {
  const { store, dir, root, project, start, state } = changed();
  apply(store, start, state, project);
  apply(store, start, state, join(dir, "elsewhere"));
  killAtEachChange(
    (dying) => apply(new SnapshotStore(root, dying), start, start, project),
    () => expect([start, state]).toContain(lastApplied(store, project)),
  );
  expect(lastApplied(store, project)).toBe(start);
  expect(lastApplied(store, join(dir, "elsewhere"))).toBe(state);
  expect(identify(project, TRACKED)).toBe(start);
});

test("what the system refuses half-way is said, and the next apply finishes it", () => {
  const { store, project, start, state, root } = changed();
  const outcomes = new Set<string>();
  const changes = failAtEachChange(
    (failing) => apply(new SnapshotStore(root, failing), start, state, project),
    (message) => {
      const outcome = recovered(store, project);
      outcomes.add(`${/in between/.exec(message)?.[0] ?? "before or after"}: ${outcome ?? "nothing to do"}`);
      const now = identify(project, TRACKED);
      expect(message.includes("in between") ? [state] : [start, state]).toContain(now);
      if (now === state) apply(store, start, start, project);
      expect(readdirSync(project).sort()).toEqual(["README.md", "src", "train.py"]);
      rmSync(join(root, "apply.json"), { force: true });
    },
  );
  expect(changes).toBeGreaterThan(20);
  expect(outcomes).toContain("in between: finished");
  expect(outcomes).not.toContain("in between: nothing to do");
});

test("an apply to one folder that cannot be finished does not keep others from theirs", () => {
  const { store, dir, root, project, start, state } = changed();
  const stuck = join(dir, "stuck");
  store.materialize(start, stuck);
  killAtEachChange(
    (dying) => {
      if (readApplies(store).unfinished[0]?.state !== "replacing")
        apply(new SnapshotStore(root, dying), start, state, stuck);
    },
    () => {},
  );
  writeFileSync(join(stuck, "train.py"), "mine");
  const [other] = recoverApply(store, { force: true, target: project });
  expect(other).toMatchObject({ target: stuck, outcome: "waiting", reason: expect.stringContaining("train.py") });
  apply(store, start, state, project);
  expect(identify(project, TRACKED)).toBe(state);
  expect(recovered(store, stuck, true)).toBe("finished");
  expect(identify(stuck, TRACKED)).toBe(state);
});

test("nothing is written into a workspace, this one or another, and a file is no place for a state", () => {
  const { store, dir, root, project, start } = changed();
  plant(project, { "runs/other/run.json": '{ "format": 1 }' });
  const state = store.putTree([
    ...store.read(start).entries,
    { path: "runs/other/notes/evil.md", kind: "file", mode: 0o644, content: new Uint8Array() },
  ]).id;
  expect(() => apply(store, start, state, project, true)).toThrow(/"runs\/other" is a workspace/);
  const inProject = new SnapshotStore(join(project, "runs/e"), files);
  mkdirSync(inProject.root, { recursive: true });
  const own = inProject.putTree([
    { path: "runs/e/rollbacks/00001.json", kind: "file", mode: 0o644, content: new Uint8Array() },
  ]).id;
  const nothing = inProject.putTree([]).id;
  expect(() => apply(inProject, nothing, own, project, true)).toThrow(/"runs\/e" is a workspace/);
  expect(existsSync(join(project, "runs/e/rollbacks"))).toBe(false);
  for (const place of [root, join(root, "notes"), join(project, "runs/other"), join(project, "train.py")])
    expect(() => apply(store, start, start, place, true)).toThrow(expect.objectContaining({ exitCode: 2 }));
  expect(existsSync(join(dir, "workspace/notes"))).toBe(false);
});

test("an empty or new folder gets the whole state", () => {
  const { store, dir, start, state } = changed();
  const target = join(dir, "some/where");
  apply(store, start, state, target);
  expect(identify(target, TRACKED)).toBe(state);
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
  expect(identify(project, TRACKED)).toBe(state);
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
      const done = recovered(store, project);
      const now = identify(project, TRACKED);
      seen.add(`${done ?? "nothing"} ${now === start ? "before" : now === state ? "after" : now}`);
      expect(readdirSync(project).sort()).toEqual(["README.md", "src", "train.py"]);
      files.remove(join(root, "apply.json"));
      applyState(
        store,
        planApply(store, { target: project, snapshot: start, start, isProject: true, applied: state }),
        {
          force: true,
          now: NOW,
        },
      );
      expect(identify(project, TRACKED)).toBe(start);
      files.remove(join(root, "apply.json"));
    },
  );
  expect(changes).toBeGreaterThan(20);
  expect([...seen].sort()).toEqual(["dropped before", "finished after", "nothing before"]);
  expect(identify(project, TRACKED)).toBe(state);
});

test("killed again and again, also while it recovers, it gets there", () => {
  const { project, start, state, root } = changed();
  killAtEachChange(
    (dying) => apply(new SnapshotStore(root, dying), start, state, project),
    () => {},
  );
  expect(identify(project, TRACKED)).toBe(state);
});

test("an interrupted apply is not finished over what the user changed meanwhile, unless forced", () => {
  const { store, project, start, state, root } = changed();
  killAtEachChange(
    (dying) => apply(new SnapshotStore(root, dying), start, state, project),
    () => {
      if (
        readApplies(store).unfinished[0]?.state !== "replacing" ||
        readFileSync(join(project, "train.py"), "utf8") !== "1"
      )
        return;
      writeFileSync(join(project, "train.py"), "mine");
      expect(() => recovered(store, project)).toThrow(/cut short, and these files changed since:\n {2}"train.py"/);
      expect(readFileSync(join(project, "train.py"), "utf8")).toBe("mine");
      expect(recovered(store, project, true)).toBe("finished");
      expect(identify(project, TRACKED)).toBe(state);
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
    JSON.stringify({ unfinished: [{ ...intent, steps: [{ action: "explode", path: "a" }] }], applied: [] }),
    JSON.stringify({ unfinished: [intent], applied: [] }),
  ]) {
    writeFileSync(join(root, "apply.json"), text);
    expect(() => recovered(store, project, true)).toThrow(
      expect.objectContaining({ exitCode: 4, file: join(root, "apply.json") }),
    );
  }
  expect(existsSync(join(project, "../victim"))).toBe(true);
});
