import { WorkspaceError } from "../../kernel/errors.ts";
import type { Experiment } from "../../model/experiment.ts";
import { type HypothesisId, hypothesisId, parseHypothesisId } from "../../model/ids.ts";
import type { CarriedState, IterationRecord } from "../../model/iteration.ts";
import { quoted } from "../../text/printable.ts";

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
