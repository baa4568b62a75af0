import type { ScoringTerms } from "../kernel/context.ts";
import type { Files } from "../kernel/effects.ts";
import type { Evaluator, Experimenter } from "../kernel/ports.ts";
import { commandText, type RunSettings } from "../model/settings.ts";

/** How a run's parts run and score a hypothesis, as they say themselves. */
export function scoringTerms(
  { experimenter, evaluator }: { readonly experimenter: Experimenter; readonly evaluator: Evaluator },
  { checks, root }: Pick<RunSettings, "checks" | "root">,
  files: Pick<Files, "readText">,
): ScoringTerms {
  const { trials = 1, ...terms } = experimenter.terms ?? {};
  const each = experimenter.trialsEach?.(root, files) ?? trials;
  return {
    ...terms,
    trials,
    ...(each > trials ? { cases: each / trials } : {}),
    ...evaluator.terms,
    checks: checks.map(({ command }) => commandText(command)),
  };
}
