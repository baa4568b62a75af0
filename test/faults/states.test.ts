import { cpSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { systemEffects } from "../../src/platform/system.ts";
import {
  applyState,
  findState,
  planApply,
  planRollback,
  recoverApply,
  rollback,
  SnapshotStore,
  type StateRecords,
} from "../../src/workspace/states/index.ts";
import { inspectBest } from "../../src/workspace/views/queries.ts";
import { Workspace } from "../../src/workspace/workspace.ts";
import { type FaultPlan, faultyEffects, SimulatedCrash } from "../support/faults.ts";
import { IN_MEMORY } from "./support/in-memory.ts";
import { inPlace, live } from "./support/lives.ts";
import { differencesFrom, essenceOf } from "./support/reference-model.ts";
import { layOut, type Place } from "./support/scenario.ts";
import { sample } from "./support/sweep.ts";
import { differences, readTree } from "./support/tree.ts";

const dir = mkdtempSync(join(IN_MEMORY, "aura-states-"));
let finished: Place;
beforeAll(async () => {
  finished = layOut(join(dir, "finished"));
  await live(finished);
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

/** A copy of the finished workspace, and a folder to apply to. */
async function inCopy<T>(use: (workspace: string, target: string) => Promise<T>): Promise<T> {
  const copy = mkdtempSync(join(dir, "copy-"));
  cpSync(finished.workspace, join(copy, "run"), { recursive: true, verbatimSymlinks: true });
  cpSync(finished.project, join(copy, "project"), { recursive: true, verbatimSymlinks: true });
  mkdirSync(join(copy, "empty"));
  try {
    return await use(join(copy, "run"), join(copy, "project"));
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
}

interface States {
  readonly store: SnapshotStore;
  readonly records: StateRecords;
}

/** Does something with the states of a run under its lock, as one process; answers its crossings. */
async function asProcess(root: string, plan: FaultPlan | null, action: (states: States) => void): Promise<number> {
  const rig = faultyEffects(systemEffects(), plan);
  try {
    const workspace = await Workspace.open(root, { effects: rig.effects });
    const lock = await workspace.lock();
    const records: StateRecords = {
      best: () => inspectBest(root, rig.effects)?.id ?? null,
      lastIteration: () => workspace.listIterations().at(-1) ?? null,
      readIteration: (iteration) => workspace.readIteration(iteration),
      readExperiment: (id) => workspace.readExperiment(id),
      listHypotheses: (iteration) => workspace.listHypotheses(iteration),
    };
    action({ store: new SnapshotStore(root, rig.effects.files, () => workspace.assertWritable()), records });
    lock.release();
  } catch (thrown) {
    if (!(thrown instanceof SimulatedCrash)) throw thrown;
  }
  return rig.crossings.length;
}

const rollBackTo =
  (to: string) =>
  ({ store, records }: States): void =>
    void rollback(store, planRollback(store, records, to), new Date("2026-01-31T12:00:00Z"));

const applyTo =
  (target: string) =>
  ({ store, records }: States): void => {
    recoverApply(store, { force: false, target });
    const start = findState(records, "start").snapshot;
    const { snapshot } = findState(records, "best");
    applyState(store, planApply(store, { target, snapshot, start, isProject: true }), {
      force: false,
      now: new Date(0),
    });
  };

const carried = (root: string): ReadonlyMap<string, string> => readTree(join(root, "artifacts"));
/** All a project holds but what an apply has staged. */
const project = (target: string): ReadonlyMap<string, string> =>
  readTree(target, (path) => !path.startsWith(".aura-apply"));

describe("a rollback", () => {
  test("killed at any crossing leaves the state before or the state after, as artifacts/ and as the record say", async () => {
    const before = carried(finished.workspace);
    const { crossings, after } = await inCopy(async (root) => ({
      crossings: await asProcess(root, null, rollBackTo("start")),
      after: carried(root),
    }));
    expect(differences(before, after)).not.toEqual([]);
    const wrong: string[] = [];
    for (const when of ["before", "after"] as const) {
      for (const at of sample(crossings, 20)) {
        await inCopy(async (root) => {
          await asProcess(root, { at, when, fault: "die" }, rollBackTo("start"));
          const decided =
            readTree(join(root, "rollbacks"), (path) => !path.includes(".tmp")).size > 0 && hasRecord(root);
          await live({ ...finished, workspace: root });
          const difference = differences(decided ? after : before, carried(root));
          if (difference.length > 0)
            wrong.push(`killed ${when} ${at}, ${decided ? "decided" : "undecided"}`, ...difference);
        });
      }
    }
    expect(wrong).toEqual([]);
  });

  test("of a rollback restores what was there first, byte for byte", () =>
    inCopy(async (root) => {
      const first = carried(root);
      await asProcess(root, null, rollBackTo("start"));
      expect(differences(first, carried(root))).not.toEqual([]);
      await asProcess(root, null, rollBackTo("i00002-h001"));
      expect(differences(first, carried(root))).toEqual([]);
    }));
});

describe("a run that is rolled back in the middle of an iteration", () => {
  /** A run that was killed in its second iteration at this crossing, and rolled back to the start. */
  async function rolledBack(place: Place, at: number): Promise<void> {
    await live(place, { at, when: "before", fault: "die" });
    await asProcess(place.workspace, null, rollBackTo("i00001-h000"));
  }

  test("comes to the same wherever its resume is killed", async () => {
    const whole = await inPlace(async (place) => (await live(place)).crossings);
    const inSecond = whole.filter(({ target }) => target.includes("/iterations/00002/"));
    const wrong: string[] = [];
    // While its proposals are asked for, and while they run.
    for (const share of [0.1, 0.6]) {
      const at = inSecond[Math.floor(inSecond.length * share)]?.n ?? 1;
      const { essence, crossings } = await inPlace(async (place) => {
        await rolledBack(place, at);
        const { crossings, exitCode, broken } = await live(place);
        expect([exitCode, broken]).toEqual([0, []]);
        return { essence: essenceOf(place.workspace), crossings: crossings.length };
      });
      for (const kill of sample(crossings, 3)) {
        await inPlace(async (place) => {
          await rolledBack(place, at);
          const first = await live(place, { at: kill, when: kill % 2 === 0 ? "before" : "after", fault: "die" });
          const { exitCode, broken } = await live(place);
          const problems = [...first.broken, ...broken, ...differencesFrom(essence, place.workspace)];
          if (exitCode !== 0 || problems.length > 0)
            wrong.push(`killed at ${kill} after ${at}: ${exitCode}`, ...problems);
        });
      }
    }
    expect(wrong).toEqual([]);
  });
});

describe("an apply", () => {
  test("killed at any crossing leaves the state before, or is finished by the next one", async () => {
    const before = project(finished.project);
    const { crossings, after } = await inCopy(async (root, target) => ({
      crossings: await asProcess(root, null, applyTo(target)),
      after: project(target),
    }));
    expect(differences(before, after)).not.toEqual([]);
    const wrong: string[] = [];
    for (const when of ["before", "after"] as const) {
      for (const at of sample(crossings, 20)) {
        await inCopy(async (root, target) => {
          await asProcess(root, { at, when, fault: "die" }, applyTo(target));
          await asProcess(root, null, ({ store }) => void recoverApply(store, { force: false, target }));
          const now = project(target);
          const isBefore = differences(before, now).length === 0;
          if (!isBefore && differences(after, now).length > 0) wrong.push(`killed ${when} ${at}: in between`);
          await asProcess(root, null, applyTo(target));
          const left = differences(after, readTree(target));
          if (left.length > 0) wrong.push(`killed ${when} ${at} and applied again:`, ...left);
        });
      }
    }
    expect(wrong).toEqual([]);
  });
});

function hasRecord(root: string): boolean {
  return [...readTree(join(root, "rollbacks")).keys()].some((path) => /^\d+\.json$/.test(path));
}
