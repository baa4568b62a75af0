import type { ArraySchema } from "../schema/dialect.ts";
import { exactly } from "../schema/exactly.ts";
import type { Infer } from "../schema/infer.ts";

export const insightSchema = exactly(["recommendation"], {
  id: { type: "string" },
  iteration: { type: "integer", minimum: 0 },
  finding: { type: "string" },
  recommendation: { type: "string" },
  evidence: { type: "array", items: { type: "string" }, description: "Ids of the hypotheses it is drawn from." },
});
/** A finding distilled from a batch of evaluations, for the next proposals. */
export type Insight = Infer<typeof insightSchema>;

export const insightsSchema = {
  type: "array",
  description: "The insights of one iteration: iterations/<n>/insights.json",
  items: insightSchema,
} as const satisfies ArraySchema;
