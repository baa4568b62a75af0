import type { StageContext, StageResults } from "../kernel/context.ts";
import type { Finding } from "../kernel/ports.ts";
import { iterationName } from "../model/ids.ts";
import type { Insight } from "../model/insight.ts";
import type { Loop } from "./loop.ts";
import { answerOf, FINDINGS } from "./stage-answers.ts";

/** Distils the insights of a batch and records them; an empty batch has none, and is not asked about. */
export async function review(
  loop: Loop,
  ctx: StageContext,
  results: readonly StageResults[],
): Promise<readonly Insight[]> {
  if (results.length > 0) ctx.emit({ type: "stage.started", stage: "review", iteration: ctx.iteration });
  const asked = { stage: "reviewer", about: `iteration ${ctx.iteration}`, signal: ctx.signal };
  const findings =
    results.length === 0 ? [] : await answerOf(asked, FINDINGS, () => loop.stages.reviewer.review(results, ctx));
  const insights = findings.map((finding, place) => insight(finding, ctx.iteration, place));
  loop.workspace.writeInsights(ctx.iteration, insights);
  for (const found of insights) ctx.emit({ type: "insight.recorded", insight: found });
  return insights;
}

function insight(found: Finding, iteration: number, place: number): Insight {
  return {
    id: `i${iterationName(iteration)}-n${String(place).padStart(2, "0")}`,
    iteration,
    finding: found.finding,
    ...(found.recommendation === undefined ? {} : { recommendation: found.recommendation }),
    evidence: found.evidence ?? [],
  };
}
