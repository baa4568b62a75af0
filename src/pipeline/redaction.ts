import type { CallRequest, Calls, Trials } from "../kernel/context.ts";
import type { Effects } from "../kernel/effects.ts";
import type { AuraEventBody } from "../kernel/events.ts";
import type { Runner } from "../kernel/ports.ts";
import type { Redactor } from "../kernel/redact.ts";
import {
  redactAttempt,
  redactEvaluation,
  redactExperiment,
  redactFailure,
  redactFinding,
  redactProposal,
  redactRefused,
  redactReply,
} from "./redact-records.ts";
import type { Stages } from "./stages.ts";

/** The stages of a run, without secrets in what they answer. */
export function redactedStages(stages: Stages, hide: Redactor): Stages {
  if (hide.forms.length === 0) return stages;
  const { researcher, experimenter, evaluator, reviewer } = stages;
  return {
    researcher: {
      numTasks: researcher.numTasks,
      async hypothesize(ctx) {
        const answer = await clean(researcher.hypothesize(ctx), hide);
        const { proposals, refused, failure } = answer;
        return {
          ...answer,
          proposals: proposals.map((proposal) => redactProposal(proposal, hide)),
          ...(refused === undefined ? {} : { refused: refused.map((one) => redactRefused(one, hide)) }),
          ...(failure === undefined ? {} : { failure: redactFailure(failure, hide) }),
        };
      },
    },
    experimenter: {
      runExperiment: async (hypothesis, ctx) =>
        redactExperiment(await clean(experimenter.runExperiment(hypothesis, ctx), hide), hide),
    },
    evaluator: {
      evaluate: async (hypothesis, experiment, ctx) =>
        redactEvaluation(await clean(evaluator.evaluate(hypothesis, experiment, ctx), hide), hide),
    },
    reviewer: {
      async review(batch, ctx) {
        const findings = await clean(reviewer.review(batch, ctx), hide);
        return findings.map((found) => redactFinding(found, hide));
      },
    },
  };
}

/** Trials whose results hold no secrets, neither in their records nor for who asked for them. */
export function redactedTrials(trials: Trials, hide: Redactor): Trials {
  if (hide.forms.length === 0) return trials;
  return {
    run: (request, attempt) => trials.run(request, async (ctx) => redactAttempt(await attempt(ctx), hide)),
  };
}

/** Calls whose replies hold no secrets, neither in their records nor for who asked. */
export function redactedCalls(calls: Calls, hide: Redactor): Calls {
  if (hide.forms.length === 0) return calls;
  const redacted = ({ runner, ...request }: CallRequest): CallRequest => {
    const { name, model } = runner;
    const run: Runner["run"] = async (asked, ctx) => redactReply(await clean(runner.run(asked, ctx), hide), hide);
    return { ...request, runner: { name, ...(model === undefined ? {} : { model }), run } };
  };
  return { ask: (request) => calls.ask(redacted(request)) };
}

async function clean<T>(answer: Promise<T>, hide: Redactor): Promise<T> {
  try {
    return await answer;
  } catch (thrown) {
    throw redactError(thrown, hide);
  }
}

/** What an event says in AURA's own words; the records in it are clean already. */
export function redactEvent(event: AuraEventBody, hide: Redactor): AuraEventBody {
  if (hide.forms.length === 0) return event;
  switch (event.type) {
    case "run.started":
      return { ...event, run: { ...event.run, goal: hide.text(event.run.goal) } };
    case "warning":
      return { ...event, message: hide.text(event.message) };
    case "trial.output":
      return { ...event, line: hide.text(event.line) };
    case "call.failed":
      return { ...event, failure: redactFailure(event.failure, hide) };
    case "run.finished":
      return event.message === undefined ? event : { ...event, message: hide.text(event.message) };
    default:
      return event;
  }
}

/** Effects whose processes write no secrets into their logs. What AURA itself reads of the output is as it came. */
export function withCleanLogs(effects: Effects, { forms }: Redactor): Effects {
  const { processes } = effects;
  if (forms.length === 0) return effects;
  return {
    ...effects,
    processes: {
      self: processes.self,
      run: (request, signal) => processes.run({ ...request, secrets: forms }, signal),
      killAll: () => processes.killAll(),
      isAlive: (identity) => processes.isAlive(identity),
      endLeftovers: (identities, prefix) => processes.endLeftovers(identities, prefix),
    },
  };
}

/** The same error, its words without secrets: its class and code are what callers go by. */
export function redactError(thrown: unknown, { forms, text }: Redactor): unknown {
  if (forms.length === 0 || !(thrown instanceof Error)) return thrown;
  thrown.message = text(thrown.message);
  if (thrown.stack !== undefined) thrown.stack = text(thrown.stack);
  return thrown;
}
