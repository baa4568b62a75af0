import type { EditCopies, RunContext, StageContext } from "../kernel/context.ts";
import { RunFailedError } from "../kernel/errors.ts";
import type { Redactor } from "../kernel/redact.ts";
import type { Semaphore } from "../kernel/semaphore.ts";
import type { Hypothesis } from "../model/hypothesis.ts";
import type { TrialId } from "../model/ids.ts";
import type { CarriedState, IterationRecord, SettingChange } from "../model/iteration.ts";
import { standingPrior } from "../model/prior.ts";
import type { RunTotals } from "../model/run.ts";
import { copiesDir } from "../workspace/layout.ts";
import type { Workspace } from "../workspace/workspace.ts";
import { createCalls } from "./calls.ts";
import type { Caps } from "./caps.ts";
import type { StopSignals } from "./ending.ts";
import type { RunHistory, View } from "./history.ts";
import type { InputGuard } from "./inputs.ts";
import type { TrialFolders } from "./keep.ts";
import type { Survivors } from "./leftovers.ts";
import type { ArtifactStates, OpenedProject } from "./project.ts";
import { shownState } from "./propose.ts";
import type { Requests } from "./requests.ts";
import type { Spending } from "./spending.ts";
import type { Stages } from "./stages.ts";
import { redactedCalls, redactedTrials } from "./stages.ts";
import type { Gate } from "./stopping.ts";
import { createTrials } from "./trials.ts";

/** Everything the iterations of a run work with. */
export interface Loop {
  readonly stages: Stages;
  readonly run: RunContext;
  readonly workspace: Workspace;
  readonly history: RunHistory;
  readonly spending: Spending;
  readonly caps: Caps;
  readonly slots: Semaphore;
  readonly survivors: Survivors;
  readonly signals: StopSignals;
  /** Aborted by either of them. */
  readonly stopping: AbortSignal;
  readonly gate: Gate;
  /** What is asked of the run from elsewhere: while it is paused nothing is started. */
  readonly requests: Requests;
  readonly inputs: InputGuard;
  readonly artifacts: ArtifactStates | null;
  readonly copy: OpenedProject["copy"];
  readonly folders: TrialFolders;
  /** Takes secrets out of what is recorded. */
  readonly hide: Redactor;
  /** What of the settings was changed before an iteration, to be recorded with it. */
  readonly changesFor: (iteration: number) => readonly SettingChange[];
  /** Brings the manifest up to date when an iteration is finished; answers the totals as they are on disk now. */
  readonly noteProgress: () => RunTotals;
}

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
  const { run, workspace, artifacts, copy, spending, slots, survivors, signals, stopping, requests, inputs, hide } =
    loop;
  const { effects, settings, signal, emit } = run;
  const rng = effects.rng(settings.seed).fork(`iteration-${iteration}`);
  const going = (): Promise<void> => requests.going(stopping);
  const calls = createCalls(
    {
      workspace,
      effects,
      emit,
      spending,
      signal,
      stopping,
      going,
      root: settings.root,
      mark: run.mark,
      caps: loop.caps,
      hide,
    },
    iteration,
  );
  const stage: Omit<StageContext, "trials"> = {
    ...run,
    ...(run.prior ? { prior: standingPrior(run.prior, withdrawn) } : {}),
    iteration,
    history,
    notes: [...notes, ...said].map(({ text }) => text),
    rng,
    calls: redactedCalls(calls, hide),
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
  const copies = {
    make: (hypothesis: Hypothesis, target: string) => copy(states.get(hypothesis.id) ?? null, target),
    capture: (hypothesis: Hypothesis, target: string) => {
      const state = states.get(hypothesis.id);
      if (state === undefined || artifacts === null)
        throw new RunFailedError("there are no tracked artifacts to capture; drop `capture`");
      return artifacts.capture(target, state);
    },
    remove: (trial: TrialId, attempt: number) => loop.folders.removeCopy(trial, attempt),
    removeEmpty: (trial: TrialId, attempt: number) => loop.folders.removeEmpty(trial, attempt),
  };
  const isScored = (): boolean => !loop.history.isWithoutScore;
  const trials = createTrials(
    { workspace, slots, survivors, spending, signals, stopping, going, inputs, copies, isScored },
    stage,
  );
  return { ...stage, trials: redactedTrials(trials, hide) };
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
