import type { StageContext } from "../../kernel/context.ts";
import type { Evaluation } from "../../model/evaluation.ts";
import type { Experiment } from "../../model/experiment.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "../../model/json.ts";
import { plainJson } from "../../platform/plain-json.ts";
import { noScore } from "./no-score.ts";
import { verdictOn } from "./passed.ts";

const LONGEST_REASON = 2000;

/**
 * The evaluation that an evaluator's answer means: a number, `null`, or `{ score, passed?, reason?, feedback?,
 * metrics?, details? }`. It may say no to a score that beats the baseline, never yes to one that does not. Anything else
 * is no score, and says why.
 */
export function evaluationOf(
  answer: unknown,
  experiment: Experiment,
  ctx: Pick<StageContext, "settings" | "history">,
): Evaluation {
  const plain = plainJson(answer ?? null);
  if (!plain.ok) return noScore(experiment, `the evaluator's answer is no data: ${plain.reason}`);
  const said: JsonObject = isJsonObject(plain.value) ? plain.value : { score: plain.value };
  const details = isJsonObject(said.details) ? said.details : {};
  const reason = typeof said.reason === "string" && said.reason !== "" ? said.reason.slice(0, LONGEST_REASON) : null;
  const { score } = said;
  if (typeof score !== "number") return noScore(experiment, reason ?? withoutScore(score), details);
  const verdict = verdictOn({ hypothesisId: experiment.hypothesisId, score }, ctx);
  const refused = said.passed === false;
  return {
    hypothesisId: experiment.hypothesisId,
    score,
    passed: verdict.passed && !refused,
    ...(verdict.passed || refused ? {} : { belowBaseline: true }),
    reason: reason ?? (refused ? "the evaluator said no" : `${score}: ${verdict.reason}`),
    ...(typeof said.feedback === "string" ? { feedback: said.feedback } : {}),
    ...(isJsonObject(said.metrics) ? { metrics: numbersIn(said.metrics) } : {}),
    details,
  };
}

function numbersIn(metrics: JsonObject): Readonly<Record<string, number>> {
  return Object.fromEntries(
    Object.entries(metrics).flatMap(([key, value]) => (typeof value === "number" ? [[key, value] as const] : [])),
  );
}

function withoutScore(score: JsonValue | undefined): string {
  if (score === null) return "the evaluator gave no score";
  if (score === undefined) return "the evaluator's answer has no score";
  return `the evaluator's score is ${JSON.stringify(score).slice(0, 100)}, not a finite number`;
}
