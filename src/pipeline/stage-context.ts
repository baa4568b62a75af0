import type { EditCopies, StageContext } from "../kernel/context.ts";
import type { CarriedState, IterationRecord } from "../model/iteration.ts";
import { standingPrior } from "../model/prior.ts";
import { copiesDir } from "../workspace/layout.ts";
import { createCalls } from "./calls.ts";
import type { View } from "./history.ts";
import type { Loop } from "./loop-parts.ts";
import type { ArtifactStates } from "./project.ts";
import { shownState } from "./propose.ts";
import { redactedCalls, redactedTrials } from "./stages.ts";
import { createTrials } from "./trials.ts";

/**
 * What the stages of one iteration get to work with. The view is as it was when the iteration began, whatever has come of
 * it or was rolled back since: a question that has a reply is asked in the same words again. `states` says which
 * artifacts state each hypothesis runs with.
 */
export function stageContext(
  loop: Loop,
  { history, notes, withdrawn }: View,
  { iteration, base, notes: said = [] }: IterationRecord,
  states: ReadonlyMap<string, string>,
): StageContext {
  const { run, artifacts } = loop;
  const stage: Omit<StageContext, "trials"> = {
    ...run,
    ...(run.prior ? { prior: standingPrior(run.prior, withdrawn) } : {}),
    iteration,
    history,
    notes: [...notes, ...said].map(({ text }) => text),
    rng: run.effects.rng(run.settings.seed).fork(`iteration-${iteration}`),
    calls: redactedCalls(createCalls(loop, iteration), loop.hide),
    ...(artifacts && base
      ? {
          artifacts: artifacts.view(base),
          copies: editCopies(loop, artifacts, iteration, base),
          proposalProblem: (edits, named) => {
            const from = named === undefined ? base : shownState(named, history);
            return typeof from === "string" ? { reason: from } : artifacts.problemOf(edits, from);
          },
        }
      : {}),
  };
  return { ...stage, trials: redactedTrials(createTrials(loop, stage, states), loop.hide) };
}

/** Copies of the project in the base state of an iteration, under its `copies` folder. */
function editCopies(
  { workspace, copy, inputs, folders }: Loop,
  artifacts: ArtifactStates,
  iteration: number,
  base: CarriedState,
): EditCopies {
  return {
    async make(name) {
      const dir = `${copiesDir(workspace.root, iteration)}/${name}`;
      workspace.assertWritable();
      inputs.assertUnchanged();
      await copy(base.snapshot, dir);
      return {
        dir,
        changes() {
          const input = inputs.changed();
          if (input === null) return artifacts.changes(dir, base.snapshot);
          const message = `an input was changed, which is read-only data: ${input}`;
          return { ok: false, failure: { code: "input-changed", message } };
        },
        remove: () => folders.remove(dir),
      };
    },
  };
}
