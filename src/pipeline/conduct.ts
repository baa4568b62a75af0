import type { RunContext } from "../kernel/context.ts";
import { finishWords } from "../kernel/display-reason.ts";
import { EXIT, type ExitCode, messageOf } from "../kernel/errors.ts";
import type { Lifecycle } from "../kernel/ports.ts";
import { createRedactor } from "../kernel/redact.ts";
import type { HypothesisId } from "../model/ids.ts";
import type { FinishReason, RunManifest, RunTotals } from "../model/run.ts";
import type { RunSettings } from "../model/settings.ts";
import type { Emitter } from "./emitter.ts";
import { Gate } from "./gate.ts";
import { RunHistory } from "./history.ts";
import { guardInputs, recordInputs } from "./inputs.ts";
import { exitCodeOfStop, isInterruption, type StopSignals } from "./interruption.ts";
import { replayIteration, runIteration } from "./iteration.ts";
import { TrialFolders } from "./keep.ts";
import { endLeftovers } from "./leftovers.ts";
import type { Loop } from "./loop.ts";
import { ManifestKeeper } from "./manifest-keeper.ts";
import { withMark } from "./marked-processes.ts";
import { openProject } from "./open-artifacts.ts";
import type { PipelineOptions } from "./options.ts";
import { endingOf, exitCodeOf, statusOf, withExitCode } from "./outcome.ts";
import { redactedStages } from "./redaction.ts";
import { chooseFailed, clearFailed } from "./retry-failed.ts";
import { RunState } from "./run-state.ts";
import { createSlots } from "./slots.ts";
import { recordedSpending, Spending } from "./spending.ts";
import { stopBetweenIterations } from "./stop.ts";

/** How a run ended. */
export interface RunEnd {
  readonly manifest: RunManifest;
  readonly reason: FinishReason;
  readonly exitCode: ExitCode;
  readonly message?: string;
}

const TEARDOWN_MS = 10_000;

/** Conducts one run from its manifest to its end; the lock is held. */
export async function conductRun(
  options: PipelineOptions,
  settings: RunSettings,
  emitter: Emitter,
  signals: StopSignals,
): Promise<RunEnd> {
  const { workspace } = options;
  const hide = createRedactor(options.secrets ?? []);
  const previous = workspace.readManifest();
  const scope = { files: workspace.effects.files, workspace: workspace.root };
  const turns = (): Promise<void> => workspace.effects.clock.turn();
  const inputs = await recordInputs(settings.inputs, scope, turns);
  const keeper = ManifestKeeper.open(options, settings, inputs, previous);
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
    keyVariables: options.keyVariables ?? [],
    ...(options.researcher.declared ? { declared: options.researcher.declared } : {}),
    totals: () => spending.totals(),
    emit: emitter.emit,
    signal: signals.now,
  };
  const reviewer = options.reviewer ?? { review: async () => [] };
  const stages = redactedStages({ ...options, reviewer }, hide);
  const parts = [options.researcher, options.experimenter, options.evaluator, reviewer];

  const begun: Lifecycle[] = [];
  try {
    // Before any part starts a process of its own, which would have the same mark.
    if (previous) await endLeftovers(workspace, run);
    for (const part of parts) {
      begun.push(part);
      await part.setup?.(run);
    }
    for (const id of again) clearFailed(workspace, id);
    keeper.start(() => spending.totals());
    emitter.subscribe(keeper.journal);
    const announce = (): void => emitter.emit({ type: "run.started", run: keeper.describe(previous !== null) });
    if (!previous) announce();
    const { artifacts, copies } = await openProject(run, workspace, keeper);
    const state = new RunState(settings, workspace.rollbacks());
    const loop: Loop = {
      stages,
      run,
      workspace,
      history: new RunHistory(settings.insightWindow),
      state,
      spending,
      slots: createSlots(settings.parallel, signals),
      signals,
      gate: new Gate(settings.stop, spending, signals),
      inputs: guardInputs(settings.inputs, inputs, scope),
      artifacts,
      project: copies,
      hide,
      folders: new TrialFolders(workspace, settings, emitter.emit),
      changesFor: (iteration) => keeper.changesFor(iteration),
      noteProgress: () => {
        keeper.iterated(state);
        return keeper.manifest.totals;
      },
    };
    const unfinished = replay(loop);
    if (previous) {
      if (previous.status === "failed") state.forgiveFailures();
      keeper.iterated(state);
      announce();
      if (keeper.changed !== null) emitter.emit({ type: "settings.changed", ...keeper.changed });
    }
    const reached = await turn(loop, unfinished);
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
    await tearDown(begun.reverse(), run);
  }
}

/** Takes in every iteration whose records are complete. Answers the others, the first of which is where the run goes on. */
function replay(loop: Loop): readonly number[] {
  const { state, workspace, artifacts } = loop;
  const iterations = workspace.expectedIterations();
  const broken = iterations.findIndex((iteration) => !replayIteration(loop, iteration));
  const taken = broken === -1 ? iterations.length : broken;
  if (artifacts && state.carriedNow) artifacts.carry(state.carriedNow.snapshot);
  loop.folders.catchUp(iterations.slice(0, taken), state.live.settled?.id ?? null);
  for (const id of iterations.slice(taken).flatMap((iteration) => workspace.listHypotheses(iteration))) {
    state.live.scored(id, workspace.readEvaluation(id)?.score ?? null);
  }
  return iterations.slice(taken);
}

/** Goes around until a stop condition holds or the run is interrupted; unfinished iterations come first. */
async function turn(loop: Loop, unfinished: readonly number[]): Promise<Reached> {
  const { state, spending, signals, artifacts, run, workspace } = loop;
  const { stop, metric } = run.settings;
  const rest = [...unfinished];
  for (;;) {
    // Iterations without a hypothesis may wait for nothing either.
    await run.effects.clock.turn();
    if (signals.now.aborted || signals.drain.aborted) return { reason: "interrupted" };
    const next = rest.shift();
    if (next === undefined) {
      const reached = stopBetweenIterations(state.progress(spending.totals()), stop, metric);
      if (reached) return reachedBy(loop, reached, []);
    }
    loop.inputs.assertUnchanged();
    const first = artifacts ? 0 : 1;
    const iteration = next ?? (state.lastIteration === null ? first : state.lastIteration + 1);
    const finished = await stoppable(runIteration(loop, iteration), signals);
    if (finished === null) {
      return reachedBy(loop, loop.gate.closed() ?? "interrupted", workspace.listHypotheses(iteration));
    }
  }
}

/** Why the loop came to its end, and what more there is to say of that. */
interface Reached {
  readonly reason: FinishReason;
  readonly message?: string;
}

/** A stop condition is none without a single score. `unfinished` are the hypotheses of a turn that it cut short. */
function reachedBy(loop: Loop, reason: FinishReason, unfinished: readonly HypothesisId[]): Reached {
  if (scoredNothing(loop, reason, unfinished)) return { reason: "nothing-scored", message: finishWords(reason) };
  const { top, current } = loop.state.live;
  if (reason !== "target" || top === null || top.id === current?.id) return { reason };
  return { reason, message: `${top.id} reached it with ${top.score}, by less than min_delta better than the best` };
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

/** The result, or `null` when the run was stopped on the way to it. */
async function stoppable<T>(step: Promise<T>, signals: StopSignals): Promise<T | null> {
  try {
    return await step;
  } catch (thrown) {
    if (isInterruption(thrown, signals)) return null;
    throw thrown;
  }
}

/** Whether a stop condition ended a run without a single score. */
function scoredNothing(loop: Loop, reason: FinishReason, unfinished: readonly HypothesisId[]): boolean {
  if (statusOf(reason) !== "finished") return false;
  const entries = loop.history.entries();
  if (unfinished.some((id) => (loop.workspace.readEvaluation(id)?.score ?? null) !== null)) return false;
  // A grid or a space without anything in it has been searched to its end.
  if (entries.length === 0) return reason !== "exhausted";
  return entries.every((entry) => entry.score === null);
}

function finish(end: Omit<RunEnd, "manifest">, keeper: ManifestKeeper, emitter: Emitter): RunEnd {
  keeper.finish(end.reason);
  return tell(end, keeper, emitter);
}

/** Ends a run that may not have been started, or whose workspace may not take another record. */
function breakOff(end: Omit<RunEnd, "manifest">, keeper: ManifestKeeper, emitter: Emitter): RunEnd {
  keeper.fail(end.reason);
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
