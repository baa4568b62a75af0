import { chmodSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { recoverCarried, setCarried } from "../../../../src/workspace/states/carried.ts";
import { SnapshotStore } from "../../../../src/workspace/states/store.ts";
import { readCarried } from "../../../support/states.ts";
import { files, killAtEachChange, look, plant, world } from "./rig.ts";

const TRACKED = ["src/deep", "train.py"];

function twoStates() {
  const at = world({
    "train.py": "1",
    "src/deep/a.sh": { mode: 0o755, text: "a" },
    "src/deep/l": { link: "a.sh" },
    "src/deep/empty": null,
  });
  const first = at.store.capture(at.project, TRACKED).snapshot.id;
  plant(at.project, { "train.py": "2", "src/deep/b.txt": "b" });
  rmSync(join(at.project, "src/deep/a.sh"));
  const second = at.store.capture(at.project, TRACKED).snapshot.id;
  return { ...at, first, second };
}

test("artifacts/ becomes the state, byte for byte, and reads back as it", () => {
  const { store, root, dir, first, second } = twoStates();
  expect(readCarried(store.root, TRACKED)).toBeNull();
  for (const id of [first, second, first]) {
    setCarried(store, id);
    expect(readCarried(store.root, TRACKED)).toBe(id);
    store.materialize(id, join(dir, "expected"));
    expect(look(join(root, "artifacts"))).toEqual(look(join(dir, "expected")));
    files.remove(join(dir, "expected"));
    expect(readdirSync(root).sort()).toEqual(["artifacts", "snapshots"]);
  }
});

test("a state that is there already is left alone, one that somebody changed is put right", () => {
  const { store, root, first } = twoStates();
  setCarried(store, first);
  let changes = 0;
  const counting = {
    ...files,
    writeAtomic: files.writeAtomic,
    copyFile: () => {
      changes += 1;
    },
  };
  setCarried(new SnapshotStore(root, counting), first);
  expect(changes).toBe(0);
  for (const spoil of [
    () => writeFileSync(join(root, "artifacts/train.py"), "x"),
    () => writeFileSync(join(root, "artifacts/src/extra"), "x"),
    () => mkdirSync(join(root, "artifacts/more")),
    () => rmSync(join(root, "artifacts/src/deep/l")),
    () => chmodSync(join(root, "artifacts/src/deep/a.sh"), 0o644),
    () => rmSync(join(root, "artifacts"), { recursive: true }),
    () => {
      rmSync(join(root, "artifacts"), { recursive: true });
      writeFileSync(join(root, "artifacts"), "a file");
    },
  ]) {
    spoil();
    setCarried(store, first);
    expect(readCarried(store.root, TRACKED)).toBe(first);
    expect(readdirSync(join(root, "artifacts")).sort()).toEqual(["src", "train.py"]);
  }
});

test("killed at any change, artifacts/ holds the state before or the state after, and the next call finishes", () => {
  const { store, root, first, second } = twoStates();
  setCarried(store, first);
  const changes = killAtEachChange(
    (dying) => setCarried(new SnapshotStore(root, dying), second),
    () => {
      const found = readCarried(store.root, TRACKED);
      expect([first, second]).toContain(found);
      recoverCarried(store);
      expect(readCarried(store.root, TRACKED)).toBe(found);
      expect(readdirSync(root).sort()).toEqual(["artifacts", "snapshots"]);
      setCarried(store, first);
    },
  );
  expect(changes).toBeGreaterThan(8);
  expect(readCarried(store.root, TRACKED)).toBe(second);
});

test("killed again and again, also while it recovers, it gets there", () => {
  const { store, root, first, second } = twoStates();
  setCarried(store, first);
  killAtEachChange(
    (dying) => setCarried(new SnapshotStore(root, dying), second),
    () => expect([first, second]).toContain(readCarried(store.root, TRACKED)),
  );
  expect(readCarried(store.root, TRACKED)).toBe(second);
  expect(readdirSync(root).sort()).toEqual(["artifacts", "snapshots"]);
});

test("a folder nobody may write into is replaced too", () => {
  const { store, root, project, first } = twoStates();
  chmodSync(join(project, "src/deep"), 0o555);
  const locked = store.capture(project, TRACKED).snapshot.id;
  chmodSync(join(project, "src/deep"), 0o755);
  setCarried(store, locked);
  setCarried(store, first);
  expect(readCarried(store.root, TRACKED)).toBe(first);
  expect(existsSync(join(root, "artifacts.old"))).toBe(false);
});

test("what only artifacts.old holds is put back", () => {
  const { store, root, first } = twoStates();
  setCarried(store, first);
  renameSync(join(root, "artifacts"), join(root, "artifacts.old"));
  expect(readCarried(store.root, TRACKED)).toBe(first);
  recoverCarried(store);
  expect(readCarried(store.root, TRACKED)).toBe(first);
  expect(existsSync(join(root, "artifacts"))).toBe(true);
});
