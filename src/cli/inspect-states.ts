import type { Effects } from "../kernel/effects.ts";
import type { ArtifactsDocument } from "../model/views.ts";
import { terminalLine } from "../text/printable.ts";
import { carriedState, diffSnapshots, findState, readApplies } from "../workspace/states/index.ts";
import { openStates, type StatesOfRun } from "./states.ts";

/** `aura inspect <workspace> artifacts`: the states there are, and the one carried on. */
export async function artifactsView(root: string, effects: Effects): Promise<ArtifactsDocument> {
  const run = await openStates(root, effects);
  const { workspace, store, records, manifest } = run;
  const start = manifest.project?.start ?? run.start;
  const states = workspace.listIterations().flatMap((iteration) =>
    workspace.listHypotheses(iteration).flatMap((hypothesisId) => {
      const snapshot = workspace.readExperiment(hypothesisId)?.state;
      const score = workspace.readEvaluation(hypothesisId)?.score ?? null;
      return snapshot === undefined ? [] : [{ hypothesisId, snapshot, score }];
    }),
  );
  const unfinished = readApplies(store).unfinished.map(({ target, snapshot }) => ({ target, snapshot }));
  return {
    start,
    carried: carriedState(store, records)?.snapshot ?? null,
    states,
    files: filesOf(store, start),
    unfinished,
  };
}

export function artifactsText({ start, carried, states, files, unfinished }: ArtifactsDocument): string {
  const lines = [
    `start    ${start}  ${files.map(terminalLine).join(", ")}`,
    `carried  ${carried ?? "none yet"}`,
    ...states.map(
      ({ hypothesisId, snapshot, score }) =>
        `${snapshot === carried ? "*" : " "} ${hypothesisId}  ${snapshot}  ${score ?? "no score"}`,
    ),
    ...unfinished.map(
      ({ target, snapshot }) =>
        `! an apply of ${snapshot} to ${terminalLine(target)} was cut short: the next \`aura apply\` deals with it`,
    ),
  ];
  return `${lines.join("\n")}\n`;
}

/** `aura inspect <workspace> diff A B`: between two states, each named as `rollback` names them. */
export async function diffView(
  root: string,
  from: string,
  to: string,
  effects: Effects,
): Promise<{ readonly from: string; readonly to: string; readonly diff: string }> {
  const { store, records } = await openStates(root, effects);
  return { from, to, diff: diffSnapshots(store, findState(records, from).snapshot, findState(records, to).snapshot) };
}

function filesOf(store: StatesOfRun["store"], start: string): readonly string[] {
  return store
    .read(start)
    .entries.filter(({ kind }) => kind !== "directory")
    .map(({ path }) => path);
}
