import { isAbsolute, resolve } from "node:path";
import { SpecError } from "../kernel/errors.ts";
import { loadSpec } from "../spec/load.ts";
import { overridesOf } from "../spec/overrides.ts";
import { Workspace } from "../workspace/workspace.ts";
import { isLoopModule } from "./loop-module.ts";
import type { Session } from "./session.ts";
import { launchSpec } from "./spec-run.ts";

/** `aura run <spec>`: checks the spec, makes (or with `--or-resume` continues) its workspace and runs the loop. */
export async function run(session: Session, specFile: string): Promise<number> {
  if (isLoopModule(specFile)) return (await import("./module-run.ts")).runModule(session, specFile);
  const { effects, flags } = session;
  const loaded = await loadSpec(specFile, { ...overridesOf(flags), effects });
  session.warn(loaded.warnings);
  const place = flags.workspace ?? placeOf(loaded.spec.name, loaded.spec.workspace, loaded.dir);
  const isBeside = flags.new || (flags.from !== undefined && flags.workspace === undefined && !flags.orResume);
  const ifExists = isBeside ? "next" : flags.orResume ? "resume" : "refuse";
  if (flags.dryRun) {
    const { dryRun } = await import("./dry-run.ts");
    return dryRun(session, loaded, resolve(place), ifExists);
  }
  const workspace = await Workspace.create(place, { effects, ifExists });
  session.use(workspace);
  if (flags.from !== undefined && workspace.hasRun() && workspace.readManifest()?.from === undefined)
    throw new SpecError(
      `the run in ${workspace.root} was started without --from: name another folder with --workspace`,
    );
  if (flags.orResume && workspace.hasRun()) {
    const { continued } = await import("./resume.ts");
    return continued(session, workspace, loaded);
  }
  return launchSpec(session, loaded, workspace);
}

function placeOf(name: string, workspace: string | undefined, dir: string): string {
  if (workspace === undefined) return `runs/${name}`;
  return isAbsolute(workspace) ? workspace : resolve(dir, workspace);
}
