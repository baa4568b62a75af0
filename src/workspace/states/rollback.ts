import { join } from "node:path";
import { countedAfter } from "../../kernel/archive.ts";
import { WorkspaceError } from "../../kernel/errors.ts";
import type { Experiment } from "../../model/experiment.ts";
import { compareIds, type HypothesisId, hypothesisId, parseHypothesisId } from "../../model/ids.ts";
import type { CarriedState, IterationRecord, RollbackPlan, RollbackRecord } from "../../model/iteration.ts";
import { recordText } from "../../model/json.ts";
import { quoted } from "../../text/printable.ts";
import { rollbacksDir } from "../layout.ts";
import { readRollbacks } from "../rollbacks.ts";
import { recoverCarried, setCarried, stageCarried, swapCarried } from "./carried.ts";
import { changedBetween } from "./snapshot.ts";
import type { SnapshotStore } from "./store.ts";

/**
 * What a rollback to `best`, `start`, an iteration or a hypothesis would do. Throws `WorkspaceError`: "usage" when there
 * is no such state, "damaged" when it cannot be restored whole.
 */
export function planRollback(store: SnapshotStore, records: StateRecords, to: string): RollbackPlan {
  const target = findState(records, to);
  store.verify(target.snapshot);
  const previous = carriedState(store, records);
  const changed = previous === null ? [] : changedBetween(store.read(previous.snapshot), store.read(target.snapshot));
  const isCarried = previous?.snapshot === target.snapshot && previous.hypothesisId === target.hypothesisId;
  const afterIteration = lastProposed(records);
  const isCurrent = isCarried && !isFollowed(store, records, target.hypothesisId, afterIteration);
  return { to, target, previous, afterIteration, changed, isCurrent };
}

/** The last iteration whose hypotheses are decided: one that has proposed nothing yet begins anew after a rollback. */
function lastProposed(records: StateRecords): number {
  const last = records.lastIteration() ?? 0;
  return last > 0 && records.readIteration(last)?.state === "started" ? last - 1 : last;
}

/** Whether a hypothesis that counts came after this one, up to an iteration. */
function isFollowed(store: SnapshotStore, records: StateRecords, id: HypothesisId, until: number): boolean {
  const counts = countedAfter(readRollbacks(store));
  const from = parseHypothesisId(id)?.iteration ?? 0;
  for (let iteration = until; iteration >= from; iteration--) {
    if (records.listHypotheses(iteration).some((other) => compareIds(other, id) > 0 && counts(other))) return true;
  }
  return false;
}

/**
 * Makes the planned state the incumbent. The record, written durably in one step, is what counts: killed before it
 * nothing has happened, killed after it the next writer brings `artifacts/` along (`setCarried`). Returns the record,
 * or `null` when the state was the current one. Throws `StorageError` before anything counts when there is no room.
 */
export function rollback(store: SnapshotStore, plan: RollbackPlan, now: Date): RollbackRecord | null {
  const { target, previous } = plan;
  if (plan.isCurrent) {
    setCarried(store, target.snapshot);
    return null;
  }
  recoverCarried(store);
  stageCarried(store, target.snapshot);
  const record: RollbackRecord = {
    n: nextNumber(store),
    rolledBackAt: now.toISOString(),
    to: plan.to,
    hypothesisId: target.hypothesisId,
    snapshot: target.snapshot,
    ...(previous === null ? {} : { previous }),
    afterIteration: plan.afterIteration,
  };
  store.files.makeDirectory(rollbacksDir(store.root));
  store.files.writeAtomic(recordFile(store, record.n), recordText(record), { durable: true });
  swapCarried(store);
  return record;
}

/** The state carried on now: what the last finished iteration carried, unless a rollback came after it. */
export function carriedState(store: SnapshotStore, records: StateRecords): CarriedState | null {
  const last = lastCarried(records);
  const rolledBack = readRollbacks(store).at(-1) ?? null;
  if (rolledBack === null || (last !== null && last.iteration > rolledBack.afterIteration))
    return last?.carried ?? null;
  return { snapshot: rolledBack.snapshot, hypothesisId: rolledBack.hypothesisId };
}

function lastCarried(records: StateRecords): { readonly iteration: number; readonly carried: CarriedState } | null {
  for (let iteration = records.lastIteration() ?? -1; iteration >= 0; iteration--) {
    const record = records.readIteration(iteration);
    if (record?.state === "finished" && record.carried !== undefined) return { iteration, carried: record.carried };
  }
  return null;
}

function nextNumber(store: SnapshotStore): number {
  const numbers = (store.files.list(rollbacksDir(store.root)) ?? [])
    .map(({ name }) => /^(\d+)\.json$/.exec(name)?.[1])
    .map((digits) => (digits === undefined ? 0 : Number(digits)));
  return Math.max(0, ...numbers) + 1;
}

function recordFile(store: SnapshotStore, n: number): string {
  return join(rollbacksDir(store.root), `${String(n).padStart(5, "0")}.json`);
}

/** What has to be read from records to find a state by its name. */
export interface StateRecords {
  /** Best hypothesis as it counts now, rollbacks included; `null` when nothing has scored. */
  best(): HypothesisId | null;
  /** Highest iteration that has a record, finished or not; `null` when there is none. */
  lastIteration(): number | null;
  readIteration(iteration: number): IterationRecord | null;
  readExperiment(id: HypothesisId): Experiment | null;
  listHypotheses(iteration: number): readonly HypothesisId[];
}

/**
 * The state that `best`, `start`, the number of an iteration (what it carried on) or the id of a hypothesis (what it
 * ran with) means. Throws `WorkspaceError` ("usage") when there is no such state, saying why.
 */
export function findState(records: StateRecords, name: string): CarriedState {
  if (name === "start") return startState(records);
  if (name === "best") {
    const best = records.best();
    if (best === null) throw noState("nothing that counts has a score yet, so there is no best state");
    return stateOfHypothesis(records, best);
  }
  if (/^\d{1,9}$/.test(name)) return stateAfter(records, Number(name));
  const parsed = parseHypothesisId(name);
  if (parsed !== null) return stateOfHypothesis(records, hypothesisId(parsed.iteration, parsed.index));
  throw noState(
    `${quoted(name)} names no state: use best, start, the number of an iteration or the id of a hypothesis`,
  );
}

function startState(records: StateRecords): CarriedState {
  const id = hypothesisId(0, 0);
  const snapshot = records.readIteration(0)?.base?.snapshot ?? records.readExperiment(id)?.state;
  if (snapshot === undefined) throw noState("this run has no recorded start: it tracks no artifacts");
  return { snapshot, hypothesisId: id };
}

function stateAfter(records: StateRecords, iteration: number): CarriedState {
  const record = records.readIteration(iteration);
  if (record === null) {
    const last = records.lastIteration();
    throw noState(`there is no iteration ${iteration}${last === null ? "" : `: the last is ${last}`}`);
  }
  if (record.state !== "finished") throw noState(`iteration ${iteration} is not finished: it has carried nothing on`);
  if (record.carried === undefined)
    throw noState(`iteration ${iteration} carried no state on: no artifacts are tracked`);
  return record.carried;
}

function stateOfHypothesis(records: StateRecords, id: HypothesisId): CarriedState {
  const experiment = records.readExperiment(id);
  if (experiment === null) throw noState(`there is no experiment of ${id}: no such hypothesis, or it has not run`);
  if (experiment.state !== undefined) return { snapshot: experiment.state, hypothesisId: id };
  const why = experiment.failure === undefined ? "no artifacts are tracked" : experiment.failure.message;
  throw noState(`${id} has no state: ${why}`);
}

function noState(message: string): WorkspaceError {
  return new WorkspaceError("usage", message);
}
