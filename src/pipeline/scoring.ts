import type { ScoringTerms } from "../kernel/context.ts";
import type { Evaluator, Experimenter } from "../kernel/ports.ts";
import { commandText, type RunSettings } from "../model/settings.ts";

/** How a run's parts run and score a hypothesis, as they say themselves. */
export function scoringTerms(
  { experimenter, evaluator }: { readonly experimenter: Experimenter; readonly evaluator: Evaluator },
  { checks }: Pick<RunSettings, "checks">,
): ScoringTerms {
  return {
    ...experimenter.terms,
    ...evaluator.terms,
    checks: checks.map(({ command }) => commandText(command)),
  };
}
