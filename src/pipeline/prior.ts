import { basename, resolve } from "node:path";
import { countedAfter } from "../kernel/archive.ts";
import type { Effects } from "../kernel/effects.ts";
import { SpecError } from "../kernel/errors.ts";
import { compareIds, type HypothesisId, hypothesisId } from "../model/ids.ts";
import { type Insight, standingInsights, withdrawnBy } from "../model/insight.ts";
import type { CarriedState } from "../model/iteration.ts";
import { type PriorEntry, type PriorRun, standingPrior } from "../model/prior.ts";
import type { ProjectScope, RunManifest, RunOrigin } from "../model/run.ts";
import type { RunSettings } from "../model/settings.ts";
import { isTracked, isWithin } from "../model/tree-path.ts";
import { priorDir } from "../workspace/layout.ts";
import { holdsRun } from "../workspace/locate.ts";
import { carriedState, diffSnapshots, findState, SnapshotStore } from "../workspace/states/index.ts";
import { metricOf, stateRecordsOf } from "../workspace/views/queries.ts";
import { Workspace } from "../workspace/workspace.ts";

/** An earlier run that a new one is started from (`run --from`), read without its lock. */
export interface EarlierRun {
  readonly manifest: RunManifest;
  readonly origin: RunOrigin;
  readonly store: SnapshotStore;
  /**
   * What it found, and before it what it knew from others. Scores can be compared as far as nothing that they depend on
   * has changed.
   */
  prior(isScoredAlike: boolean): readonly PriorRun[];
  /** Copies what is known into the workspace of a new run, so that the earlier may go. */
  copyInto(workspace: Workspace, prior: readonly PriorRun[]): void;
}

/** So many of the best are copied with their states. */
const BEST_FEW = 5;
/** Bytes of records that are taken over from all earlier runs: the latest run first, of each its best first. */
const MOST_BYTES = 16 * 1024 * 1024;
const MOST_OF_A_DIFF = 8 * 1024;
const MOST_INSIGHTS = 100;

/**
 * Reads `WORKSPACE[@STATE]`: its finished iterations, and the state of its artifacts that is carried on or is named as
 * `rollback --to` takes it; none for a run that tracks none. The run may be live. Throws `SpecError` where a state is named
 * that would be of no use, `WorkspaceError`: "not-found" where there is no run, "usage" where there is no such state,
 * "damaged" for anything of it that is not whole.
 */
export async function readEarlier(
  from: string,
  { artifacts }: Pick<RunSettings, "artifacts">,
  effects: Effects,
): Promise<EarlierRun> {
  const [, place, named] = holdsRun(resolve(from), effects.files) ? [] : (/^(.+)@([^@/]*)$/.exec(from) ?? []);
  const workspace = await Workspace.open(place ?? from, { effects });
  const manifest = workspace.readManifest();
  if (manifest === null) throw new SpecError(`the run in ${workspace.root} is gone`);
  if (named !== undefined && artifacts.length === 0) {
    const message = `--from ${from} names a state of artifacts, and this run tracks none`;
    throw new SpecError(`${message}: leave @${named} out, or name the artifacts in the spec`);
  }
  const store = new SnapshotStore(workspace.root, effects.files);
  const records = stateRecordsOf(workspace);
  // Of a run whose start is not scored yet, that is what there is.
  const state =
    named === undefined
      ? (carriedState(store, records) ?? records.readIteration(0)?.base ?? null)
      : findState(records, named);
  const { entries, insights, withdrawn } = await finishedIterations(workspace);
  const own = withStates(ranked(entries, manifest), state, store);
  const metric = metricOf(manifest);
  const run = { name: basename(workspace.root), runId: manifest.runId, sameScoring: true, entries: own, insights };
  const known = { ...run, metric: { name: metric.name ?? "score", direction: metric.direction } };
  const before = standingPrior(workspace.prior(), withdrawn).map((run) => ({
    ...run,
    entries: run.entries.map(withoutState),
  }));
  const runs = bounded([known, ...before]);
  const hypotheses = runs.reduce((sum, { entries }) => sum + entries.length, 0);
  const tracked = manifest.project?.scope.tracked;
  const origin = {
    workspace: workspace.root,
    runId: manifest.runId,
    hypotheses,
    ...(state === null || tracked === undefined || artifacts.length === 0 ? {} : { state, tracked }),
  };
  return {
    manifest,
    origin,
    store,
    prior: (isScoredAlike) => runs.map((run) => ({ ...run, sameScoring: run.sameScoring && isScoredAlike })),
    copyInto: (target, prior) => copyPrior(target, store, origin, prior),
  };
}

function copyPrior(workspace: Workspace, store: SnapshotStore, origin: RunOrigin, prior: readonly PriorRun[]): void {
  try {
    const copies = priorStore(workspace);
    const states = new Set([origin.state?.snapshot, ...(prior[0]?.entries ?? []).map(({ state }) => state)]);
    for (const state of states) if (state !== undefined) copies.copyFrom(store, state);
    workspace.writePrior(prior);
  } catch (thrown) {
    workspace.clearPrior();
    throw thrown;
  }
}

/**
 * The state that a run starts from: the one of the earlier run in place of the user's files, `artifacts`, as far as both
 * runs track them. Throws `SpecError` when the two cannot be one tree.
 */
export function startFrom(
  workspace: Workspace,
  store: SnapshotStore,
  artifacts: string,
  scope: ProjectScope,
  { state, tracked = [], ...origin }: RunOrigin,
): string {
  if (state === undefined) return artifacts;
  const earlier = store.copyFrom(priorStore(workspace), state.snapshot).entries;
  const kept = store.read(artifacts).entries.filter(({ path }) => !tracked.some((folder) => isWithin(path, folder)));
  const entries = new Map(kept.map((entry) => [entry.path, entry]));
  for (const entry of earlier) if (isTracked(entry.path, scope)) entries.set(entry.path, entry);
  try {
    return store.putTree([...entries.values()], true).id;
  } catch (thrown) {
    if (!(thrown instanceof RangeError)) throw thrown;
    const message = `the artifacts of ${origin.workspace} do not fit the project's: ${thrown.message}`;
    throw new SpecError(`${message}; track the same ones, or start without --from`, [], { cause: thrown });
  }
}

function priorStore(workspace: Workspace): SnapshotStore {
  return new SnapshotStore(priorDir(workspace.root), workspace.effects.files, () => workspace.assertWritable());
}

async function finishedIterations(
  workspace: Workspace,
): Promise<Pick<PriorRun, "entries" | "insights"> & { readonly withdrawn: ReadonlySet<string> }> {
  const counts = countedAfter(workspace.rollbacks());
  const entries: PriorEntry[] = [];
  const insights: Insight[] = [];
  for (const iteration of workspace.listIterations()) {
    await workspace.effects.clock.turn();
    const record = workspace.readIteration(iteration);
    if (record?.state !== "finished") continue;
    entries.push(...record.hypotheses.filter(counts).flatMap((id) => entryOf(workspace, id) ?? []));
    if (counts(hypothesisId(iteration, 0))) insights.push(...(workspace.readInsights(iteration) ?? []));
  }
  const withdrawn = new Set(insights.flatMap(withdrawnBy));
  return { entries, insights: standingInsights(insights).slice(-MOST_INSIGHTS), withdrawn };
}

/** `null` for one of which a record was deleted. */
function entryOf(workspace: Workspace, id: HypothesisId): PriorEntry | null {
  const [hypothesis, experiment] = [workspace.readHypothesis(id), workspace.readExperiment(id)];
  const evaluation = workspace.readEvaluation(id);
  if (!hypothesis || !experiment || !evaluation) return null;
  const { label, spec, edits = [] } = hypothesis;
  const { score, passed, reason } = evaluation;
  return {
    id,
    ...(label === undefined ? {} : { label }),
    spec,
    score,
    passed,
    reason: score === null ? reason : "",
    hasEdits: edits.length > 0 || experiment.trials.some(({ captured }) => captured !== undefined),
    ...(experiment.state === undefined ? {} : { state: experiment.state }),
  };
}

/** The best first, those without a score last. */
function ranked(entries: readonly PriorEntry[], manifest: RunManifest): readonly PriorEntry[] {
  const sign = metricOf(manifest).direction === "minimize" ? 1 : -1;
  const loss = ({ score }: PriorEntry): number => (score === null ? Number.POSITIVE_INFINITY : sign * score);
  return entries.toSorted((a, b) => (loss(a) === loss(b) ? 0 : loss(a) - loss(b)));
}

/** Only the best few keep their states, with what these change about the one that is started from. */
function withStates(
  best: readonly PriorEntry[],
  from: CarriedState | null,
  store: SnapshotStore,
): readonly PriorEntry[] {
  return best.map(({ state, ...entry }, place) => {
    if (state === undefined || entry.score === null || place >= BEST_FEW) return entry;
    store.verify(state);
    const diff = from === null ? "" : diffSnapshots(store, from.snapshot, state, { maxBytes: MOST_OF_A_DIFF });
    return { ...entry, state, ...(diff === "" ? {} : { diff }) };
  });
}

/** Whose states were not taken over: they are in the workspace that was started from. */
function withoutState({ state: _, diff: __, ...entry }: PriorEntry): PriorEntry {
  return entry;
}

/** As many as there is room for, in the order of their ids. */
function bounded(runs: readonly PriorRun[]): readonly PriorRun[] {
  let room = MOST_BYTES;
  return runs.flatMap((run) => {
    const kept = run.entries.filter((entry) => {
      room -= JSON.stringify(entry).length;
      return room > 0;
    });
    const entries = kept.toSorted((a, b) => compareIds(a.id, b.id));
    return entries.length === 0 ? [] : [{ ...run, entries }];
  });
}
