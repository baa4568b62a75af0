import type { CallRequest, Calls, Trials } from "../kernel/context.ts";
import type { Redactor } from "../kernel/redact.ts";
import type { Stages } from "./stages.ts";

/*
 * Where something comes into a run, secrets are taken out of it, before it is used: what is recorded and what is in memory
 * never differ, so that a resumed run sees what an undisturbed one saw.
 */

/** The stages of a run, without secrets in what they answer. */
export function redactedStages({ researcher, experimenter, evaluator, reviewer }: Stages, hide: Redactor): Stages {
  return {
    researcher: { numTasks: researcher.numTasks, hypothesize: (ctx) => clean(researcher.hypothesize(ctx), hide) },
    experimenter: {
      queues: experimenter.queues === true,
      runExperiment: (hypothesis, ctx) => clean(experimenter.runExperiment(hypothesis, ctx), hide),
    },
    evaluator: { evaluate: (hypothesis, found, ctx) => clean(evaluator.evaluate(hypothesis, found, ctx), hide) },
    reviewer: { review: (batch, ctx) => clean(reviewer.review(batch, ctx), hide) },
  };
}

/** Trials whose results hold no secrets, neither in their records nor for who asked for them. */
export function redactedTrials(trials: Trials, hide: Redactor): Trials {
  return { run: (request, attempt) => trials.run(request, async (ctx) => hide.record(await attempt(ctx))) };
}

/** Calls whose replies hold no secrets, neither in their records nor for who asked. */
export function redactedCalls(calls: Calls, hide: Redactor): Calls {
  const redacted = ({ runner, ...request }: CallRequest): CallRequest => {
    const { name, model } = runner;
    const run: typeof runner.run = (asked, ctx) => clean(runner.run(asked, ctx), hide);
    return { ...request, runner: { name, ...(model === undefined ? {} : { model }), run } };
  };
  return { ask: (request) => calls.ask(redacted(request)) };
}

async function clean<T>(answer: Promise<T>, hide: Redactor): Promise<T> {
  try {
    return hide.record(await answer);
  } catch (thrown) {
    throw hide.error(thrown);
  }
}
