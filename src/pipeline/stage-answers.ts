import { isAuraError, messageOf, RunFailedError } from "../kernel/errors.ts";
import type { Finding, Proposals } from "../kernel/ports.ts";
import type { Evaluation } from "../model/evaluation.ts";
import type { Experiment } from "../model/experiment.ts";
import { isJsonObject } from "../model/json.ts";
import { Interrupted } from "./interruption.ts";

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
}

/** Asks a stage. Throws `RunFailedError` that names stage and subject when it throws, or answers something else. */
export async function answerOf<T>(
  { stage, about, signal }: Question,
  expected: Answer<T>,
  ask: () => Promise<T>,
): Promise<T> {
  let answer: unknown;
  try {
    answer = await ask();
  } catch (thrown) {
    if (isAuraError(thrown) || thrown instanceof Interrupted || signal.aborted) throw thrown;
    throw new RunFailedError(`the ${stage} failed on ${about}: ${messageOf(thrown)}`, { cause: thrown });
  }
  if (expected.is(answer)) return answer;
  throw new RunFailedError(`the ${stage} returned ${shown(answer)} for ${about}; it has to return ${expected.words}`);
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
    isObject(answer) && typeof answer.hypothesisId === "string" && Array.isArray(answer.trials),
  words: "an experiment: { hypothesisId, status, trials: [ … ], summary }",
};

export const EVALUATION: Answer<Evaluation> = {
  is: (answer): answer is Evaluation => isObject(answer) && typeof answer.hypothesisId === "string",
  words: "an evaluation: { hypothesisId, score: a number or null, passed, reason, details: { … } }",
};

export const FINDINGS: Answer<readonly Finding[]> = {
  is: (answer): answer is readonly Finding[] =>
    Array.isArray(answer) && answer.every((one) => isObject(one) && typeof one.finding === "string"),
  words: 'a list of findings: [{ finding: "…", recommendation?, evidence? }, …]',
};

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

const LONGEST = 120;

function shown(answer: unknown): string {
  if (answer === undefined) return "nothing";
  if (typeof answer === "function") return "a function";
  let text: string;
  try {
    text = JSON.stringify(answer) ?? String(answer);
  } catch {
    text = "something that is no data";
  }
  return text.length > LONGEST ? `${text.slice(0, LONGEST - 1)}…` : text;
}
