import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { Experiment } from "../../../../src/model/experiment.ts";
import type { IterationRecord } from "../../../../src/model/iteration.ts";
import { rollbackSchema } from "../../../../src/model/iteration.ts";
import { compileSchema } from "../../../../src/schema/validate.ts";
import { objectFile } from "../../../../src/workspace/layout.ts";
import { readRollbacks } from "../../../../src/workspace/rollbacks.ts";
import { setCarried } from "../../../../src/workspace/states/carried.ts";
import { applyEdits } from "../../../../src/workspace/states/edits.ts";
import { carriedState, planRollback, rollback, type StateRecords } from "../../../../src/workspace/states/rollback.ts";
import { SnapshotStore } from "../../../../src/workspace/states/store.ts";
import { readCarried } from "../../../support/states.ts";
import { files, killAtEachChange, look, world } from "./rig.ts";

const NOW = new Date("2026-01-31T12:00:00Z");
const TRACKED = ["train.py"];

/** A run of three iterations after the start: each carried its first hypothesis on; i00002-h001 did not apply. */
function finishedRun() {
  const at = world({ "train.py": "lr = 0\n" });
  const states = [at.store.capture(at.project, TRACKED).snapshot.id];
  for (let n = 1; n <= 3; n++) {
    const made = applyEdits(at.store, states[n - 1] ?? "", [{ path: "train.py", content: `lr = ${n}\n` }], {
      tracked: TRACKED,
    });
    states.push(made.ok ? made.snapshot : "");
  }
  const carried = (n: number) => ({ snapshot: states[n] ?? "", hypothesisId: `i0000${n}-h000` });
  const iteration = (n: number): IterationRecord => ({
    iteration: n,
    base: carried(Math.max(0, n - 1)),
    state: "finished",
    hypotheses: [`i0000${n}-h000`],
    refused: [],
    best: "i00002-h000",
    bestScore: 1,
    improved: n > 0,
    carried: carried(n),
    failuresInARow: 0,
    insights: 0,
  });
  const experiments = new Map<string, Experiment>();
  for (let n = 0; n <= 3; n++) {
    const id = `i0000${n}-h000`;
    experiments.set(id, { hypothesisId: id, status: "completed", trials: [], summary: {}, state: states[n] ?? "" });
  }
  experiments.set("i00002-h001", {
    hypothesisId: "i00002-h001",
    status: "failed",
    trials: [],
    summary: null,
    failure: { code: "edit-not-applied", message: "the search text occurs 2 times" },
  });
  const records: StateRecords = {
    best: () => "i00002-h000",
    lastIteration: () => 3,
    readIteration: (n) => (n <= 3 ? iteration(n) : null),
    readExperiment: (id) => experiments.get(id) ?? null,
    listHypotheses: (n) => [...experiments.keys()].filter((id) => id.startsWith(`i0000${n}-`)),
  };
  setCarried(at.store, states[3] ?? "");
  return { ...at, records, states };
}

test.each([
  ["start", 0, "i00000-h000"],
  ["best", 2, "i00002-h000"],
  ["1", 1, "i00001-h000"],
  ["00002", 2, "i00002-h000"],
  ["i00001-h000", 1, "i00001-h000"],
  ["i1-h0", 1, "i00001-h000"],
])("rolls back to %s", (to, n, hypothesisId) => {
  const { store, records, states, root } = finishedRun();
  const plan = planRollback(store, records, to);
  expect(plan).toMatchObject({
    target: { snapshot: states[n], hypothesisId },
    previous: { snapshot: states[3] },
    afterIteration: 3,
    changed: ["train.py"],
  });
  expect(readdirSync(root).sort()).toEqual(["artifacts", "snapshots"]);
  const record = rollback(store, plan, NOW);
  expect(record).toMatchObject({
    n: 1,
    to,
    hypothesisId,
    snapshot: states[n],
    rolledBackAt: "2026-01-31T12:00:00.000Z",
  });
  const written: unknown = JSON.parse(readFileSync(join(root, "rollbacks/00001.json"), "utf8"));
  expect(written).toEqual(record);
  expect(compileSchema(rollbackSchema)(written)).toEqual([]);
  expect(readCarried(store.root, TRACKED)).toBe(states[n]);
  expect(carriedState(store, records)).toEqual(plan.target);
  expect(readRollbacks(store).at(-1)).toMatchObject({ snapshot: states[n], afterIteration: 3 });
});

test("a rollback of a rollback restores the first, byte for byte, and both stay recorded", () => {
  const { store, records, root } = finishedRun();
  const before = look(join(root, "artifacts"));
  rollback(store, planRollback(store, records, "start"), NOW);
  expect(look(join(root, "artifacts"))).not.toEqual(before);
  const back = rollback(store, planRollback(store, records, "3"), NOW);
  expect(look(join(root, "artifacts"))).toEqual(before);
  expect(back).toMatchObject({ n: 2, previous: { hypothesisId: "i00000-h000" } });
  expect(readdirSync(join(root, "rollbacks"))).toEqual(["00001.json", "00002.json"]);
});

test("a rollback to what is carried on already records nothing, and puts artifacts/ right", () => {
  const { store, records, root, states } = finishedRun();
  writeFileSync(join(root, "artifacts/train.py"), "spoiled");
  const plan = planRollback(store, records, "3");
  expect(plan.isCurrent).toBe(true);
  expect(rollback(store, plan, NOW)).toBeNull();
  expect(readdirSync(root)).not.toContain("rollbacks");
  expect(readCarried(store.root, TRACKED)).toBe(states[3]);
});

test("a rollback to what is carried on already leaves out what came after it, once", () => {
  const { store, records } = finishedRun();
  const underWay: StateRecords = {
    ...records,
    lastIteration: () => 4,
    readIteration: (n) =>
      n === 4
        ? { iteration: 4, state: "proposed", hypotheses: ["i00004-h000"], refused: [] }
        : records.readIteration(n),
    listHypotheses: (n) => (n === 4 ? ["i00004-h000"] : records.listHypotheses(n)),
  };
  const record = rollback(store, planRollback(store, underWay, "3"), NOW);
  expect(record).toMatchObject({
    hypothesisId: "i00003-h000",
    afterIteration: 4,
    previous: { hypothesisId: "i00003-h000" },
  });
  expect(planRollback(store, underWay, "3").isCurrent).toBe(true);
});

test("an iteration finished after a rollback carries on from there", () => {
  const { store, records, states } = finishedRun();
  rollback(store, planRollback(store, records, "start"), NOW);
  const later: StateRecords = {
    ...records,
    lastIteration: () => 4,
    readIteration: (n) => {
      const record = records.readIteration(Math.min(n, 3));
      if (record?.state !== "finished" || n < 4) return record;
      return { ...record, iteration: 4, carried: { snapshot: states[1] ?? "", hypothesisId: "i00004-h000" } };
    },
  };
  expect(carriedState(store, later)).toEqual({ snapshot: states[1], hypothesisId: "i00004-h000" });
  const begun: StateRecords = {
    ...later,
    readIteration: (n) => (n === 4 ? { iteration: 4, state: "started" } : records.readIteration(n)),
  };
  expect(carriedState(store, begun)?.snapshot).toBe(states[0]);
  // Nothing has been proposed in it yet: it is begun anew, from the state that is rolled back to.
  expect(planRollback(store, begun, "best").afterIteration).toBe(3);
});

test.each([
  ["4", "there is no iteration 4: the last is 3"],
  ["i00009-h000", "there is no experiment of i00009-h000"],
  ["i00002-h001", "i00002-h001 has no state: the search text occurs 2 times"],
  ["../../etc", "names no state: use best, start"],
  ["\u001b[31m", '"\\u001b[31m" names no state'],
  ["", "names no state"],
])("%j is no state to go to, and the error says why", (to, message) => {
  const { store, records, root } = finishedRun();
  const before = look(root);
  expect(() => planRollback(store, records, to)).toThrow(
    expect.objectContaining({ exitCode: 2, message: expect.stringContaining(message) }),
  );
  expect(() => planRollback(store, { ...records, best: () => null }, "best")).toThrow(
    /nothing that counts has a score yet/,
  );
  expect(look(root)).toEqual(before);
});

test("a state that cannot be restored whole is refused before anything changes", () => {
  const { store, records, root, states } = finishedRun();
  const [entry] = store.read(states[0] ?? "").entries;
  files.remove(objectFile(root, entry?.kind === "file" ? entry.sha256 : ""));
  const before = look(root);
  expect(() => planRollback(store, records, "start")).toThrow(expect.objectContaining({ exitCode: 4 }));
  expect(look(root)).toEqual(before);
});

test("killed at any change, a rollback has happened or it has not, and the next writer brings artifacts/ along", () => {
  const { store, records, root, states } = finishedRun();
  const changes = killAtEachChange(
    (dying) => {
      const dyingStore = new SnapshotStore(root, dying);
      rollback(dyingStore, planRollback(dyingStore, records, "start"), NOW);
    },
    () => {
      const truth = carriedState(store, records)?.snapshot ?? "";
      expect([states[0], states[3]]).toContain(truth);
      expect([states[0], states[3]]).toContain(readCarried(store.root, TRACKED));
      setCarried(store, truth);
      expect(readCarried(store.root, TRACKED)).toBe(truth);
      expect(readdirSync(root).filter((name) => name.startsWith("artifacts"))).toEqual(["artifacts"]);
      files.remove(join(root, "rollbacks"));
      setCarried(store, states[3] ?? "");
    },
  );
  expect(changes).toBeGreaterThan(6);
  expect(carriedState(store, records)?.snapshot).toBe(states[0]);
  expect(readCarried(store.root, TRACKED)).toBe(states[0]);
});
