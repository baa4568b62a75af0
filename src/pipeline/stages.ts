import type { CallRequest, Calls, Trials } from "../kernel/context.ts";
import { isAuraError, messageOf, RunFailedError } from "../kernel/errors.ts";
import { Interrupted } from "../kernel/interrupted.ts";
import type { Evaluator, Experimenter, Finding, Proposals, Researcher, Reviewer } from "../kernel/ports.ts";
import type { Redactor } from "../kernel/redact.ts";
import type { Evaluation } from "../model/evaluation.ts";
import type { Experiment } from "../model/experiment.ts";
import { isJsonObject, type JsonValue } from "../model/json.ts";
import { plainJson } from "../platform/plain-json.ts";
import { shown } from "../text/printable.ts";

/** The four stages of a run. */
export interface Stages {
  readonly researcher: Researcher;
  readonly experimenter: Experimenter;
  readonly evaluator: Evaluator;
  readonly reviewer: Reviewer;
}

/** Which stage is asked, and about what. */
interface Question {
  readonly stage: string;
  readonly about: string;
  readonly signal: AbortSignal;
}

/** What a stage, which may be anybody's code, has to answer. */
interface Answer<T> {
  readonly is: (answer: unknown) => answer is T;
  readonly words: string;
  /** It is taken over as a copy, as it will be read back from its record. Not for answers that may be huge. */
  readonly isCopied?: boolean;
}

/**
 * Asks a stage. Throws `RunFailedError` that names stage and subject when it throws, or answers something else, or what
 * a record cannot hold.
 */
export async function answerOf<T>(
  { stage, about, signal }: Question,
  expected: Answer<T>,
  ask: () => Promise<T>,
): Promise<T> {
  let answer: unknown;
  try {
    answer = await ask();
    if (expected.isCopied && expected.is(answer)) answer = dataOf(answer);
  } catch (thrown) {
    if (isAuraError(thrown) || thrown instanceof Interrupted || signal.aborted) throw thrown;
    throw new RunFailedError(`the ${stage} failed on ${about}: ${messageOf(thrown)}`, { cause: thrown });
  }
  if (expected.is(answer)) return answer;
  throw new RunFailedError(`the ${stage} returned ${shown(answer)} for ${about}; it has to return ${expected.words}`);
}

function dataOf(answer: unknown): JsonValue {
  const plain = plainJson(answer);
  if (plain.ok) return plain.value;
  throw new Error(`what it returned cannot be recorded: ${plain.reason}`);
}

export const PROPOSALS: Answer<Proposals> = {
  is: (answer): answer is Proposals =>
    isObject(answer) &&
    Array.isArray(answer.proposals) &&
    answer.proposals.every((one) => isObject(one) && isJsonObject(one.spec)),
  words: "{ proposals: [{ spec: { … } }, …] }",
};

export const EXPERIMENT: Answer<Experiment> = {
  is: (answer): answer is Experiment =>
    isObject(answer) && isId(answer) && Object.hasOwn(answer, "trials") && Array.isArray(answer.trials),
  words: "an experiment: { hypothesisId, status, trials: [ … ], summary }",
};

export const EVALUATION: Answer<Evaluation> = {
  is: (answer): answer is Evaluation => isObject(answer) && isId(answer),
  words: "an evaluation: { hypothesisId, score: a number or null, passed, reason, details: { … } }",
  isCopied: true,
};

export const FINDINGS: Answer<readonly Finding[]> = {
  is: (answer): answer is readonly Finding[] =>
    Array.isArray(answer) &&
    answer.every(
      (one) => isObject(one) && typeof one.finding === "string" && isIds(one.replaces) && isIds(one.retracts),
    ),
  words: 'a list of findings: [{ finding: "…", recommendation?, evidence?, replaces?, retracts? }, …]',
  isCopied: true,
};

function isIds(value: unknown): boolean {
  return value === undefined || (Array.isArray(value) && value.every((id) => typeof id === "string"));
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A property that an object only inherits, such as a getter of its class, is in no record. */
function isId(answer: Readonly<Record<string, unknown>>): boolean {
  return Object.hasOwn(answer, "hypothesisId") && typeof answer.hypothesisId === "string";
}

/*
 * Where something comes into a run, secrets are taken out of it, before it is used: what is recorded and what is in memory
 * never differ, so that a resumed run sees what an undisturbed one saw.
 */

/** The stages of a run, without secrets in what they answer. */
export function redactedStages({ researcher, experimenter, evaluator, reviewer }: Stages, hide: Redactor): Stages {
  return {
    researcher: {
      numTasks: researcher.numTasks,
      isOpenEnded: researcher.isOpenEnded ?? false,
      hypothesize: (ctx) => clean(researcher.hypothesize(ctx), hide),
    },
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
  return {
    run: (request, attempt) =>
      trials.run(request, async (ctx) => {
        const started: typeof ctx.started = ({ command = [], environment, ...running }) =>
          ctx.started({
            ...running,
            command: command.map((word) => hide.text(word)),
            environment: environment && hide.record(environment),
          });
        return hide.record(await attempt({ ...ctx, started }));
      }),
    beside: (task, options) => trials.beside(task, options),
  };
}

/** Calls whose replies hold no secrets, neither in their records nor for who asked. */
export function redactedCalls(calls: Calls, hide: Redactor): Calls {
  const redacted = ({ runner, ...request }: CallRequest): CallRequest => {
    const { name, model } = runner;
    const most = {
      mostTokens: (promptTokens: number) => runner.mostTokens?.(promptTokens) ?? null,
      mostCost: (promptTokens: number) => runner.mostCost?.(promptTokens) ?? null,
    };
    const run: typeof runner.run = (asked, ctx) => clean(runner.run(asked, ctx), hide);
    return { ...request, runner: { name, ...(model === undefined ? {} : { model }), ...most, run } };
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
