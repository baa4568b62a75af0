import { ANY, type ObjectSchema } from "../schema/dialect.ts";
import type { HypothesisId } from "./ids.ts";
import type { JsonObject } from "./json.ts";

/** The verdict on one experiment. `score` is in the metric's own units and `null`, never 0, when there is none. */
export interface Evaluation {
  readonly hypothesisId: HypothesisId;
  readonly score: number | null;
  readonly passed: boolean;
  readonly reason: string;
  readonly details: JsonObject;
}

export const evaluationSchema = {
  type: "object",
  description: "The verdict on one experiment: iterations/<n>/evaluations/<id>.json",
  properties: {
    hypothesisId: { type: "string" },
    score: { anyOf: [{ type: "number" }, { type: "null" }] },
    passed: { type: "boolean" },
    reason: { type: "string" },
    details: { type: "object", description: "What the evaluator says besides: open.", additionalProperties: ANY },
  },
  required: ["hypothesisId", "score", "passed", "reason", "details"],
  additionalProperties: false,
} as const satisfies ObjectSchema;
