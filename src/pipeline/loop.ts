import { finishWords, statusOf } from "../kernel/finish-reason.ts";
import { type Failed, failedOf, failedText } from "../model/failed.ts";
import type { FinishReason } from "../model/run.ts";
import { isInterruption, type StopSignals } from "./ending.ts";
import { replayIteration, runIteration } from "./iteration.ts";
import type { Loop } from "./loop-parts.ts";
import { stopBetweenIterations } from "./stopping.ts";

/** Why the loop came to its end, and what more there is to say of that. */
export interface Reached {
  readonly reason: FinishReason;
  readonly message?: string;
  /** The hypothesis that failed last, if one did. */
  readonly lastFailed?: Failed;
}

/**
 * The loop: hypothesize, experiment, evaluate, review, until a stop condition holds or the run is interrupted. An
 * iteration depends on its number and on the view of those that are finished; so do stop conditions. `unfinished` are
 * iterations that an earlier life of the run had begun, which come first.
 */
export async function goAround(loop: Loop, unfinished: readonly number[]): Promise<Reached> {
  const { history, spending, signals, gate, run, inputs, artifacts } = loop;
  const rest = [...unfinished];
  for (;;) {
    // Iterations without a hypothesis may wait for nothing either.
    await run.effects.clock.turn();
    await loop.requests.going(loop.stopping);
    if (signals.now.aborted || signals.drain.aborted) return reached(loop, "interrupted");
    const view = history.view();
    const begun = rest.shift();
    if (begun === undefined) {
      const reason = stopBetweenIterations(view.progress, spending.totals(), run.settings);
      if (reason) return reached(loop, reason);
    }
    inputs.assertUnchanged();
    const first = artifacts ? 0 : 1;
    const iteration = begun ?? (history.lastIteration === null ? first : history.lastIteration + 1);
    const finished = await unlessStopped(runIteration(loop, iteration, view), signals);
    if (finished === null) return reached(loop, gate.closed() ?? "interrupted");
  }
}

/** Takes in every iteration whose records are complete. Answers the others, the first of which is where the run goes on. */
export function replay(loop: Loop): readonly number[] {
  const { history, workspace, artifacts } = loop;
  const iterations = workspace.expectedIterations();
  const broken = iterations.findIndex((iteration) => !replayIteration(loop, iteration));
  const taken = broken === -1 ? iterations.length : broken;
  if (artifacts && history.carriedNow) artifacts.carry(history.carriedNow.snapshot);
  loop.folders.catchUp(iterations.slice(0, taken), history.best?.id ?? null);
  for (const id of iterations.slice(taken).flatMap((iteration) => workspace.listHypotheses(iteration))) {
    const evaluation = workspace.readEvaluation(id);
    if (evaluation) history.tell(evaluation);
  }
  return iterations.slice(taken);
}

const MAY_FAIL = "where the first hypotheses may fail, stop.failures: N says how many, or start: may_fail";

/** How the run has ended, with its cause when it has failed. A stop condition is none without a single score. */
function reached({ history, workspace }: Loop, reason: FinishReason): Reached {
  const { progress, history: seen } = history.view();
  const id = history.lastFailed;
  const experiment = id === null ? null : workspace.readExperiment(id);
  const evaluation = id === null ? null : workspace.readEvaluation(id);
  const lastFailed = experiment && evaluation ? { lastFailed: failedOf(experiment, evaluation) } : {};
  const cause = lastFailed.lastFailed === undefined ? [] : [failedText(lastFailed.lastFailed)];
  const failed = (why: FinishReason, words: readonly string[]): Reached => {
    return { reason: why, ...(words.length > 0 ? { message: words.join("\n") } : {}), ...lastFailed };
  };

  // A grid or a space without anything in it has been searched to its end.
  const isSearched = reason === "exhausted" && history.isEmpty;
  const isFinished = statusOf(reason) === "finished";
  const refused = seen.refused.slice(-3).map(({ label, reason: why }) => `${label}: ${why}`);
  const last = history.lastIteration === null ? null : workspace.readIteration(history.lastIteration);
  const unasked = last !== null && last.state !== "started" && last.failure ? [last.failure.message] : [];
  const unproposed = unasked.length > 0 ? unasked : refused;
  if (isFinished && history.isWithoutScore && !isSearched) {
    return failed("nothing-scored", [finishWords(reason), ...(history.isEmpty ? unproposed : cause)]);
  }
  const isUnproposed = isFinished && reason !== "exhausted" && progress.iterationsCompleted > 0;
  if (reason === "no-proposals" || (isUnproposed && progress.hypotheses === 0))
    return failed("no-proposals", unproposed);
  if (reason === "failed-alike") return failed(reason, [...cause, MAY_FAIL]);
  if (statusOf(reason) === "failed") return failed(reason, cause);
  const { top } = progress;
  if (reason !== "target" || top === null || top.id === history.best?.id) return { reason, ...lastFailed };
  const message = `${top.id} reached it with ${top.score}, by less than min_delta better than the best`;
  return { reason, message, ...lastFailed };
}

/** The result, or `null` when the run was stopped on the way to it. */
async function unlessStopped<T>(step: Promise<T>, signals: StopSignals): Promise<T | null> {
  try {
    return await step;
  } catch (thrown) {
    if (isInterruption(thrown, signals)) return null;
    throw thrown;
  }
}
