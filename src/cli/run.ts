import { isAbsolute, resolve } from "node:path";
import type { Effects } from "../kernel/effects.ts";
import { assertNotHeld } from "../workspace/lock-file.ts";
import type { RunFlags } from "./run-flags.ts";
import { inSession, type Session } from "./session.ts";

/** `aura run <spec>`: checks the spec, makes (or with `--or-resume` continues) its workspace and runs the loop. */
export async function run(specFile: string, flags: RunFlags): Promise<number> {
  return inSession(flags, flags.workspace ?? null, async (session) => {
    const { effects } = session;
    const likely = flags.workspace ?? likelyWorkspace(specFile, effects);
    if (!flags.new && likely !== null) assertNotHeld(resolve(likely), effects.files, effects.processes);

    const { loadSpec } = await import("../spec/load.ts");
    const { overridesOf } = await import("./run-flags.ts");
    const loaded = await loadSpec(specFile, { overrides: overridesOf(flags), effects });
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
    if (workspace.hasRun()) return continueRun(session, workspace.root, specFile);
    const { launch } = await import("./launch.ts");
    return launch(session, loaded, workspace);
  });
}

async function continueRun(session: Session, root: string, specFile: string): Promise<number> {
  const { continued } = await import("./resume.ts");
  return continued(session, root, specFile);
}

function placeOf(name: string, workspace: string | undefined, dir: string): string {
  if (workspace === undefined) return `runs/${name}`;
  return isAbsolute(workspace) ? workspace : resolve(dir, workspace);
}

/**
 * Where this spec's results probably go, told without parsing it: a workspace in use is to be refused before anything
 * heavy is loaded. The real place is worked out, and locked, later.
 */
function likelyWorkspace(specFile: string, effects: Effects): string | null {
  const text = effects.files.stat(specFile)?.kind === "file" ? (effects.files.readText(specFile) ?? "") : "";
  if (/^workspace:/m.test(text)) return null;
  const name = /^name:[ \t]*["']?([A-Za-z0-9][A-Za-z0-9._-]*)["']?[ \t]*(#.*)?$/m.exec(text)?.[1];
  return name === undefined ? null : `runs/${name}`;
}
