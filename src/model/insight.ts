import type { ArraySchema } from "../schema/dialect.ts";
import { exactly } from "../schema/exactly.ts";
import type { Infer } from "../schema/infer.ts";

export const insightSchema = exactly(["recommendation", "replaces", "retracts"], {
  id: { type: "string" },
  iteration: { type: "integer", minimum: 0 },
  finding: { type: "string" },
  recommendation: { type: "string" },
  evidence: { type: "array", items: { type: "string" }, description: "Ids of the hypotheses it is drawn from." },
  replaces: {
    type: "array",
    items: { type: "string" },
    description: "Insights that do not stand any more, this one does in their place.",
  },
  retracts: {
    type: "array",
    items: { type: "string" },
    description: "Insights that do not stand any more, for this reason; nothing comes in their place.",
  },
});
/** A finding distilled from a batch of evaluations, for the next proposals. */
export type Insight = Infer<typeof insightSchema>;

/**
 * The insights that stand, oldest first: none that a later one replaces or retracts, and the same finding once, in the
 * words of the last time and with the evidence of all.
 */
export function standingInsights(insights: readonly Insight[]): readonly Insight[] {
  const standing = new Map<string, Insight>();
  for (const insight of insights) {
    const { finding, retracts = [], evidence } = insight;
    const gone = new Set(withdrawnBy(insight));
    if (gone.size > 0) for (const [words, { id }] of standing) if (gone.has(id)) standing.delete(words);
    if (retracts.length > 0) continue;
    const words = finding.toLowerCase().replace(/\s+/g, " ").replace(/\.$/, "");
    const before = standing.get(words)?.evidence ?? [];
    standing.delete(words);
    standing.set(words, { ...insight, evidence: [...new Set([...before, ...evidence])].slice(-MOST_EVIDENCE) });
  }
  return [...standing.values()];
}

/** What does not stand any more since this one was found: insights of its run by their ids, of earlier runs by their names. */
export function withdrawnBy({ replaces = [], retracts = [] }: Insight): readonly string[] {
  return [...replaces, ...retracts];
}

const MOST_EVIDENCE = 50;

export const insightsSchema = {
  type: "array",
  description: "The insights of one iteration: iterations/<n>/insights.json",
  items: insightSchema,
} as const satisfies ArraySchema;
