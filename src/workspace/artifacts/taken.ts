import type { ProjectScope, TakenArtifacts, TakenProject } from "../../model/run.ts";
import { isWithin, isWithinAny } from "./paths.ts";
import { makeSnapshot, type Snapshot, type SnapshotEntry } from "./snapshot.ts";
import type { SnapshotStore } from "./store.ts";

/** What a score generation takes the artifacts to have been at the start. */
export function takenIn({ earlier = [], ...project }: TakenProject, generation: number): TakenArtifacts {
  const all = [...earlier, project];
  return all.findLast(({ since = 0 }) => since <= generation) ?? all[0] ?? project;
}

/** Whether a path is part of the states of a scope. One that was not recorded holds whatever is there. */
export function isTracked(path: string, scope: ProjectScope | undefined): boolean {
  return scope === undefined || (isWithinAny(path, scope.tracked) && !isWithinAny(path, scope.inputs));
}

/**
 * A state of a generation in which other files were tracked, as a state of a later one: what is no longer tracked is
 * left out, and what has come to be tracked is as it was when that began. Itself where both track the same. Of a state
 * that this has made already it makes the same. The store holds it, and has not written it.
 */
export function reshaped(store: SnapshotStore, id: string, from: TakenArtifacts, to: TakenArtifacts): string {
  if (from.artifacts === to.artifacts && from.scope === to.scope) return id;
  const shaped = joined(store.read(id), from.scope, store.read(to.artifacts), to.scope);
  return shaped.id === id ? id : store.hold(shaped).id;
}

/** What of a state is still tracked, and of another state what was not tracked before. */
export function joined(
  state: Snapshot,
  before: ProjectScope | undefined,
  added: Snapshot,
  after: ProjectScope | undefined,
): Snapshot {
  const kept = state.entries.filter(({ path }) => isTracked(path, after));
  // Nothing can lie in what is no folder: the run's own files stay.
  const isInTheWay = ({ path, kind }: SnapshotEntry): boolean =>
    kind !== "directory" && kept.some((entry) => isWithin(entry.path, path));
  const paths = new Set(kept.map(({ path }) => path));
  const fresh = added.entries.filter(
    (entry) =>
      !paths.has(entry.path) && !isTracked(entry.path, before) && isTracked(entry.path, after) && !isInTheWay(entry),
  );
  return makeSnapshot([...kept, ...fresh]);
}
