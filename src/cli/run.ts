import { isAbsolute, resolve } from "node:path";
import type { RunFlags } from "./run-flags.ts";
import { inSession } from "./session.ts";

/** `aura run <spec>`: checks the spec, makes (or with `--or-resume` continues) its workspace and runs the loop. */
export async function run(specFile: string, flags: RunFlags): Promise<number> {
  return inSession(flags, flags.workspace ?? null, async (session) => {
    const { effects, signals } = session;
    const { loadSpec } = await import("../spec/load.ts");
    const { overridesOf } = await import("./run-flags.ts");
    const { values: overrides, problems: overrideProblems } = overridesOf(flags);
    const loaded = await loadSpec(specFile, { overrides, overrideProblems, effects, unlessIdle: signals.unlessIdle });
    const { showWarnings } = await import("./show-diagnostics.ts");
    showWarnings(loaded.warnings);
    const place = flags.workspace ?? placeOf(loaded.spec.name, loaded.spec.workspace, loaded.dir);
    if (flags.dryRun) {
      const { dryRun } = await import("./dry-run.ts");
      return dryRun(session, loaded, place);
    }
    const { Workspace } = await import("../workspace/workspace.ts");
    const ifExists = flags.new ? "next" : flags.orResume ? "resume" : "refuse";
    const workspace = await Workspace.create(place, { effects, ifExists });
    session.use(workspace);
    if (flags.orResume && workspace.hasRun()) {
      const { continued } = await import("./resume.ts");
      return continued(session, workspace.root, loaded);
    }
    const { launch } = await import("./launch.ts");
    return launch(session, loaded, workspace);
  });
}

function placeOf(name: string, workspace: string | undefined, dir: string): string {
  if (workspace === undefined) return `runs/${name}`;
  return isAbsolute(workspace) ? workspace : resolve(dir, workspace);
}
