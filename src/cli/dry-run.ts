import type { Files } from "../kernel/effects.ts";
import { type Diagnostic, EXIT } from "../kernel/errors.ts";
import { createRedactor } from "../kernel/redact.ts";
import { isScoredAlike } from "../pipeline/changes.ts";
import { readEarlier } from "../pipeline/prior.ts";
import type { LoadedSpec } from "../spec/load.ts";
import { planRun, unsetKeys } from "../spec/plan.ts";
import { formatPlan } from "../spec/plan-text.ts";
import { missingProgram, resolveSpec, trialWarnings } from "../spec/resolve.ts";
import { holdsRun, type IfExists, placeForRun, whyTaken } from "../workspace/locate.ts";
import type { Session } from "./session.ts";
import { asTyped } from "./typed.ts";

/**
 * `aura run --dry-run`: the plan, the first prompt and the commands; with `--json` as an event `run.planned`. Calls no
 * model, starts no trial, writes nothing.
 */
export async function dryRun(
  { effects, frame, flags, finish, warn }: Session,
  loaded: LoadedSpec,
  named: string,
  ifExists: IfExists,
): Promise<number> {
  const resolved = await resolveSpec(loaded, { effects, probe: false });
  const earlier = flags.from === undefined ? null : await readEarlier(flags.from, resolved.settings, effects);
  const prior = earlier?.prior(isScoredAlike(earlier.manifest, resolved.spec, [], resolved.settings));
  const place = ifExists === "next" ? placeForRun(named, effects, ifExists) : named;
  const beginning = { prior: prior ?? [], ...(earlier && { earlier }) };
  const plan = await planRun(resolved, place, effects, beginning, noteOn(place, ifExists, effects.files));
  const hide = createRedactor(loaded.secrets);
  const missing = await missingProgram(resolved, effects);
  const lacks = missing === null ? [] : [lackOf(hide.text(missing.message), loaded)];
  warn([...unsetKeys(resolved, effects), ...lacks, ...trialWarnings(resolved)]);
  if (frame) {
    frame.tell("run.planned", { plan }, hide);
    finish({ exitCode: EXIT.ok, reason: "dry-run", best: null });
  } else {
    process.stdout.write(`${asTyped(formatPlan(plan, hide.text))}\n`);
  }
  return EXIT.ok;
}

function lackOf(message: string, { file }: LoadedSpec): Diagnostic {
  return { file, path: "", message: `a run would end with ${EXIT.toolMissing}: ${message}` };
}

/** What a run would do about the folder it is given. */
function noteOn(place: string, ifExists: IfExists, files: Files): string | undefined {
  if (ifExists === "resume" && holdsRun(place, files)) return "holds a run, which --or-resume goes on with";
  return whyTaken(place, files)?.replace(`${place} `, "").replaceAll("\n", "; ");
}
