import { isAbsolute, resolve } from "node:path";
import type { Files } from "../kernel/effects.ts";
import { EXIT, SpecError } from "../kernel/errors.ts";
import { createRedactor } from "../kernel/redact.ts";
import { isScoredAlike } from "../pipeline/changes.ts";
import { priorOf, readEarlier } from "../pipeline/prior.ts";
import { formatPlan, type LoadedSpec, loadSpec, overridesOf, planRun, resolveSpec, unsetKeys } from "../spec/index.ts";
import { holdsRun, type IfExists, placeForRun, whyTaken } from "../workspace/locate.ts";
import { Workspace } from "../workspace/workspace.ts";
import { launch } from "./launch.ts";
import type { Session } from "./session.ts";
import { asTyped } from "./typed.ts";

/** `aura run <spec>`: checks the spec, makes (or with `--or-resume` continues) its workspace and runs the loop. */
export async function run(session: Session, specFile: string): Promise<number> {
  const { effects, flags } = session;
  const { values: overrides, problems: overrideProblems } = overridesOf(flags);
  const loaded = await loadSpec(specFile, { overrides, overrideProblems, effects });
  session.warn(loaded.warnings);
  const place = flags.workspace ?? placeOf(loaded.spec.name, loaded.spec.workspace, loaded.dir);
  const isBeside = flags.new || (flags.from !== undefined && flags.workspace === undefined && !flags.orResume);
  const ifExists = isBeside ? "next" : flags.orResume ? "resume" : "refuse";
  if (flags.dryRun) return dryRun(session, loaded, resolve(place), ifExists);
  const workspace = await Workspace.create(place, { effects, ifExists });
  session.use(workspace);
  if (flags.from !== undefined && workspace.hasRun() && workspace.readManifest()?.from === undefined)
    throw new SpecError(
      `the run in ${workspace.root} was started without --from: name another folder with --workspace`,
    );
  if (flags.orResume && workspace.hasRun()) {
    const { continued } = await import("./resume.ts");
    return continued(session, workspace.root, loaded);
  }
  return launch(session, loaded, workspace);
}

function placeOf(name: string, workspace: string | undefined, dir: string): string {
  if (workspace === undefined) return `runs/${name}`;
  return isAbsolute(workspace) ? workspace : resolve(dir, workspace);
}

/**
 * `aura run --dry-run`: the plan, the first prompt and the commands; with `--json` as an event `run.planned`. Calls no
 * model, starts no trial, writes nothing.
 */
async function dryRun(
  { effects, frame, flags, finish, warn }: Session,
  loaded: LoadedSpec,
  named: string,
  ifExists: IfExists,
): Promise<number> {
  const resolved = await resolveSpec(loaded, { effects, probe: false });
  const earlier = flags.from === undefined ? null : await readEarlier(flags.from, resolved.settings, effects);
  const prior = earlier && priorOf(earlier, isScoredAlike(earlier.manifest, resolved.spec, [], resolved.settings));
  const place = ifExists === "next" ? placeForRun(named, effects, ifExists) : named;
  const beginning = { prior: prior ?? [], ...(earlier && { earlier }) };
  const plan = await planRun(resolved, place, effects, beginning, noteOn(place, ifExists, effects.files));
  const hide = createRedactor(loaded.secrets);
  warn(unsetKeys(resolved, effects));
  if (frame) {
    frame.tell("run.planned", { plan }, hide);
    finish({ exitCode: EXIT.ok, reason: "dry-run", best: null });
  } else {
    process.stdout.write(`${asTyped(formatPlan(plan, hide.text))}
`);
  }
  return EXIT.ok;
}

/** What a run would do about the folder it is given. */
function noteOn(place: string, ifExists: IfExists, files: Files): string | undefined {
  if (ifExists === "resume" && holdsRun(place, files)) return "holds a run, which --or-resume goes on with";
  return whyTaken(place, files)?.replace(`${place} `, "").replaceAll("\n", "; ");
}
