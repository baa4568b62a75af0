import { ANY } from "../schema/dialect.ts";
import { exactly } from "../schema/exactly.ts";
import type { HypothesisId } from "./ids.ts";
import type { JsonObject } from "./json.ts";

/** The verdict on one experiment. `score` is in the metric's own units and `null`, never 0, when there is none. */
export interface Evaluation {
  readonly hypothesisId: HypothesisId;
  readonly score: number | null;
  readonly passed: boolean;
  /** It has not passed only because its score is not better than the baseline: such a one may be the best. */
  readonly belowBaseline?: true;
  readonly reason: string;
  /** What the trial or the evaluator has to tell whoever proposes next; at most 4 KB. */
  readonly feedback?: string;
  /** Numbers besides the score, by name. */
  readonly metrics?: Readonly<Record<string, number>>;
  readonly details: JsonObject;
}

/** Whether the evaluator said no to a score: it is never the best then. */
export function isVetoed({
  score,
  passed,
  belowBaseline,
}: Pick<Evaluation, "score" | "passed" | "belowBaseline">): boolean {
  return score !== null && !passed && belowBaseline !== true;
}

export const evaluationSchema = {
  description: "The verdict on one experiment: iterations/<n>/evaluations/<id>.json",
  ...exactly(["belowBaseline", "feedback", "metrics"], {
    hypothesisId: { type: "string" },
    score: { anyOf: [{ type: "number" }, { type: "null" }] },
    passed: { type: "boolean" },
    belowBaseline: { const: true, description: "It has not passed for this reason alone, and may be the best." },
    reason: { type: "string" },
    feedback: { type: "string", description: "For whoever proposes next; at most 4 KB." },
    metrics: {
      type: "object",
      description: "Numbers besides the score, by name: open.",
      additionalProperties: { type: "number" },
    },
    details: { type: "object", description: "What the evaluator says besides: open.", additionalProperties: ANY },
  }),
} as const;
