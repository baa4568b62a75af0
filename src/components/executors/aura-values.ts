import { isAbsolute, join, normalize, sep } from "node:path";
import type { TrialContext } from "../../kernel/context.ts";
import type { Hypothesis } from "../../model/hypothesis.ts";
import type { CommandValues } from "../../platform/command.ts";

/** What fills the placeholders of a trial's command. */
export function commandValues(hypothesis: Hypothesis, ctx: TrialContext): CommandValues {
  return {
    spec: hypothesis.spec,
    aura: {
      id: ctx.hypothesisId,
      trial_id: ctx.trialId,
      trial_dir: ctx.trialDir,
      trial_index: ctx.index,
      seed: ctx.seed,
      slot: ctx.slot,
      workspace: ctx.workspace.root,
      root: ctx.settings.root,
      inputs: ctx.settings.inputs.map((input) => insideProject(input.path, ctx.cwd) ?? input.absolutePath),
      params_file: ctx.paramsFile,
    },
  };
}

/** Inputs are found at their relative paths in a trial's own copy of the project too. */
function insideProject(path: string, cwd: string): string | null {
  const clean = normalize(path);
  return isAbsolute(clean) || clean === ".." || clean.startsWith(`..${sep}`) ? null : join(cwd, clean);
}
