import type { RunContext } from "../kernel/context.ts";
import { EXIT, type ExitCode, messageOf } from "../kernel/errors.ts";
import type { Lifecycle } from "../kernel/ports.ts";
import { createRedactor } from "../kernel/redact.ts";
import { Semaphore } from "../kernel/semaphore.ts";
import type { Failed } from "../model/failed.ts";
import { defined } from "../model/json.ts";
import type { FinishReason, RunManifest, RunTotals } from "../model/run.ts";
import type { RunSettings } from "../model/settings.ts";
import type { Workspace } from "../workspace/workspace.ts";
import { Caps } from "./caps.ts";
import { isScoredAlike } from "./changes.ts";
import type { Emitter } from "./emitter.ts";
import { endingOf, exitCodeOf, exitCodeOfStop, isInterruption, type StopSignals, withExitCode } from "./ending.ts";
import { RunHistory } from "./history.ts";
import { guardInputs, hiddenInputs, recordInputs } from "./inputs.ts";
import { TrialFolders } from "./keep.ts";
import { endLeftovers, Survivors, withMark } from "./leftovers.ts";
import { goAround, replay } from "./loop.ts";
import type { Loop } from "./loop-parts.ts";
import { ManifestKeeper } from "./manifest.ts";
import type { ConductOptions } from "./options.ts";
import type { EarlierRun } from "./prior.ts";
import type { OpenedProject } from "./project.ts";
import { Requests } from "./requests.ts";
import { chooseFailed, clearFailed } from "./resume.ts";
import { scoringTerms } from "./scoring.ts";
import { recordedSpending, Spending } from "./spending.ts";
import { redactedStages } from "./stages.ts";
import { Gate } from "./stopping.ts";

/** How a run ended. */
export interface RunEnd {
  readonly manifest: RunManifest;
  readonly reason: FinishReason;
  readonly exitCode: ExitCode;
  readonly message?: string;
  readonly lastFailed?: Failed;
}

const TEARDOWN_MS = 10_000;

/** Conducts one run from its manifest to its end; the lock is held. */
export async function conductRun(
  options: ConductOptions,
  settings: RunSettings,
  emitter: Emitter,
  { stop, ...signals }: StopSignals & { readonly stop: () => void },
  earlier: EarlierRun | null,
): Promise<RunEnd> {
  const { workspace, spec } = options;
  const hide = createRedactor(options.secrets ?? []);
  const previous = workspace.readManifest();
  const scope = { files: workspace.effects.files, workspace: workspace.root };
  const turns = (): Promise<void> => workspace.effects.clock.turn();
  const watched = [...settings.inputs, ...hiddenInputs(settings)];
  const inputs = await recordInputs(watched, scope, turns, { emit: emitter.emit, clock: workspace.effects.clock });
  const keeper = ManifestKeeper.open(options, settings, inputs, previous, earlier?.origin);
  const prior = earlier?.prior(isScoredAlike(earlier.manifest, spec, inputs, settings)) ?? workspace.prior();
  const { runId } = keeper.manifest;
  const mark = `${runId}/${workspace.folder}/`;
  const effects = withMark(workspace.effects, mark, hide.forms);
  const { retryFailed } = options;
  const again = retryFailed ? chooseFailed(workspace, retryFailed) : [];
  const spending = new Spending(recordedSpending(workspace, previous), effects.clock);
  const run: RunContext = {
    settings,
    runId,
    mark,
    effects,
    workspace,
    inputs,
    ...(prior.length > 0 ? { prior } : {}),
    keyVariables: options.keyVariables ?? [],
    ...defined({ declared: options.researcher.declared, parameters: options.researcher.parameters }),
    scoring: hide.record(scoringTerms(options, settings, effects.files)),
    totals: () => spending.totals(),
    emit: emitter.emit,
    signal: signals.now,
  };
  const reviewer = options.reviewer ?? { review: async () => [] };
  const stages = redactedStages({ ...options, reviewer }, hide);
  const parts = [options.researcher, options.experimenter, options.evaluator, reviewer];

  const begun: Lifecycle[] = [];
  let survivors = new Survivors(workspace);
  try {
    // Before any part starts a process of its own, which would have the same mark.
    if (previous) survivors = await endLeftovers(workspace, run);
    for (const part of parts) {
      begun.push(part);
      await part.setup?.({ ...run, takenDevices: survivors.devices });
    }
    for (const id of again) clearFailed(workspace, id);
    if (!previous) workspace.clearPrior();
    earlier?.copyInto(workspace, prior);
    keeper.start(() => spending.totals());
    emitter.subscribe(keeper.journal);
    const announce = (): void => emitter.emit({ type: "run.started", run: keeper.describe(previous !== null) });
    if (!previous) announce();
    const { artifacts, copy } = await openProject(run, workspace, keeper);
    using requests = new Requests({
      workspace,
      clock: effects.clock,
      spending,
      emit: emitter.emit,
      notePause: (isPaused) => keeper.paused(isPaused),
      stop,
    });
    const history = new RunHistory(settings, workspace.rollbacks(), keeper.rules);
    const loop: Loop = {
      stages,
      run,
      workspace,
      history,
      spending,
      caps: new Caps(settings.stop, spending),
      requests,
      slots: new Semaphore(settings.parallel, survivors.slots),
      survivors,
      signals,
      stopping: AbortSignal.any([signals.now, signals.drain]),
      gate: new Gate(settings.stop, spending, signals),
      inputs: guardInputs(watched, inputs, scope),
      artifacts,
      copy,
      hide,
      folders: new TrialFolders(workspace, settings, emitter.emit),
      changesFor: (iteration) => keeper.changesFor(iteration),
      noteProgress: () => {
        keeper.iterated(history);
        return keeper.manifest.totals;
      },
    };
    const unfinished = replay(loop);
    if (previous) {
      if (previous.status === "failed") history.forgiveFailures();
      keeper.iterated(history);
      announce();
      if (keeper.changed !== null) emitter.emit({ type: "settings.changed", ...keeper.changed });
      const { changedFilesMessage } = await import("./changed-files.ts");
      const message = await changedFilesMessage(workspace, previous, settings, options.spec, signals.now);
      if (message !== null) emitter.emit({ type: "warning", code: "files-changed", message });
    }
    const reached = await goAround(loop, unfinished).finally(() => loop.caps.close(signals.now));
    return finish({ ...reached, ...endOf(reached.reason, signals) }, keeper, emitter);
  } catch (thrown) {
    hide.error(thrown);
    // A stop before the first iteration, such as while the project is read, is no error either.
    if (isInterruption(thrown, signals)) return breakOff(endOf("interrupted", signals), keeper, emitter);
    const ending = endingOf(thrown, hasSpent(spending.totals()));
    const end = breakOff({ ...ending, message: messageOf(thrown) }, keeper, emitter);
    if (ending.reason === "paused") return end;
    throw withExitCode(thrown, ending.exitCode);
  } finally {
    if (previous) await survivors.endRest();
    await tearDown(begun.reverse(), run);
  }
}

/** Opens the project: at once for artifacts, else when a trial first asks for a copy. Until then nothing of it is loaded. */
async function openProject(run: RunContext, workspace: Workspace, keeper: ManifestKeeper): Promise<OpenedProject> {
  const open = async (): Promise<OpenedProject> => (await import("./project.ts")).openProject(run, workspace, keeper);
  if (run.settings.artifacts.length > 0) return open();
  let opened: Promise<OpenedProject> | null = null;
  return {
    artifacts: null,
    copy: async (state, target) => {
      opened ??= open();
      return (await opened).copy(state, target);
    },
  };
}

/** A stop may have an exit code of its own, and be a pause. */
function endOf(
  reason: FinishReason,
  signals: StopSignals,
): { readonly reason: FinishReason; readonly exitCode: ExitCode } {
  if (reason !== "interrupted") return { reason, exitCode: exitCodeOf(reason) };
  const exitCode = exitCodeOfStop(signals);
  return { reason: exitCode === EXIT.paused ? "paused" : reason, exitCode };
}

function finish(end: Omit<RunEnd, "manifest">, keeper: ManifestKeeper, emitter: Emitter): RunEnd {
  keeper.finish(end.reason, end.message);
  return tell(end, keeper, emitter);
}

/** Ends a run that may not have been started, or whose workspace may not take another record. */
function breakOff(end: Omit<RunEnd, "manifest">, keeper: ManifestKeeper, emitter: Emitter): RunEnd {
  keeper.fail(end.reason, end.message);
  return tell(end, keeper, emitter);
}

function tell(end: Omit<RunEnd, "manifest">, keeper: ManifestKeeper, emitter: Emitter): RunEnd {
  emitter.emit({
    type: "run.finished",
    ...end,
    best: keeper.manifest.best,
    totals: keeper.manifest.totals,
    iterationsCompleted: keeper.manifest.iterationsCompleted,
  });
  return { manifest: keeper.manifest, ...end };
}

/** Teardown gets a signal of its own: an aborted run still has to let go of what it holds. */
async function tearDown(parts: readonly Lifecycle[], run: RunContext): Promise<void> {
  using deadline = run.effects.clock.deadline(TEARDOWN_MS);
  for (const part of parts) {
    try {
      await part.teardown?.({ ...run, signal: deadline.signal });
    } catch (thrown) {
      run.emit({ type: "warning", code: "teardown-failed", message: messageOf(thrown) });
    }
  }
}

function hasSpent({ calls, trials }: RunTotals): boolean {
  return calls + trials > 0;
}
