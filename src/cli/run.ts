import { isAbsolute, resolve } from "node:path";
import type { Effects } from "../kernel/effects.ts";
import type { JsonObject } from "../model/json.ts";
import { type EarlyLock, lockEarly } from "./early-lock.ts";
import type { RunFlags } from "./run-flags.ts";
import { inSession, type Session } from "./session.ts";

/** `aura run <spec>`: checks the spec, makes (or with `--or-resume` continues) its workspace and runs the loop. */
export async function run(specFile: string, flags: RunFlags): Promise<number> {
  return inSession(flags, flags.workspace ?? null, async (session) => {
    const { effects, signals } = session;
    const { unlessIdle } = signals;
    const likely = flags.new || flags.dryRun ? null : likelyWorkspace(specFile, flags, effects);
    const ifExists = flags.new ? "next" : flags.orResume ? "resume" : "refuse";
    if (likely !== null && ifExists === "resume") {
      const { finishedAlready } = await import("./resume.ts");
      const answered = await finishedAlready(session, resolve(likely), specFile);
      if (answered !== null) return answered;
    }
    using early =
      likely === null || ifExists === "next" ? null : await lockEarly(resolve(likely), ifExists, effects, signals);
    if (early) session.onCutOff(() => early[Symbol.dispose]());

    const { loadSpec } = await import("../spec/load.ts");
    const { overridesOf } = await import("./run-flags.ts");
    const { values: overrides, problems: overrideProblems } = overridesOf(flags);
    const { holdsRun } = await import("../workspace/locate.ts");
    const begun = ifExists === "resume" ? begunWorkspace(specFile, flags, overrides, effects) : null;
    // What a run has recorded, such as earlier overrides, has a say in whether its spec is right.
    if (begun !== null && !flags.dryRun && holdsRun(begun, effects.files))
      return await continueRun(session, begun, specFile, early);
    const loaded = await loadSpec(specFile, { overrides, overrideProblems, effects, unlessIdle });
    const { showWarnings } = await import("./show-diagnostics.ts");
    showWarnings(loaded.warnings);
    const place = flags.workspace ?? placeOf(loaded.spec.name, loaded.spec.workspace, loaded.dir);
    if (flags.dryRun) {
      const { dryRun } = await import("./dry-run.ts");
      return await dryRun(session, loaded, place);
    }
    const { Workspace } = await import("../workspace/workspace.ts");
    if (early?.root !== resolve(place)) early?.[Symbol.dispose]();
    const workspace = await Workspace.create(place, { effects, ifExists });
    session.use(workspace);
    if (ifExists === "resume" && workspace.hasRun()) return await continueRun(session, workspace.root, specFile, early);
    if (early?.root === workspace.root) workspace.adopt(early.lock);
    const { launch } = await import("./launch.ts");
    return await launch(session, loaded, workspace);
  });
}

async function continueRun(session: Session, root: string, specFile: string, early: EarlyLock | null): Promise<number> {
  const { continued } = await import("./resume.ts");
  return continued(session, root, specFile, early?.root === root ? early.lock : null);
}

function placeOf(name: string, workspace: string | undefined, dir: string): string {
  if (workspace === undefined) return `runs/${name}`;
  return isAbsolute(workspace) ? workspace : resolve(dir, workspace);
}

/** The workspace that is gone on with, where that is plain to see, also when values of the spec are changed. */
function begunWorkspace(specFile: string, flags: RunFlags, overrides: JsonObject, effects: Effects): string | null {
  const { set: _, ...others } = flags;
  const isElsewhere = "name" in overrides || "workspace" in overrides;
  const place = isElsewhere ? null : likelyWorkspace(specFile, others, effects);
  return place === null ? null : resolve(place);
}

/**
 * Where this spec's results go, told without parsing it where that is plain to see, else `null`: of many commands
 * started together all but one are to be turned away before anything heavy is loaded.
 */
function likelyWorkspace(specFile: string, flags: RunFlags, effects: Effects): string | null {
  if (flags.workspace !== undefined) return flags.workspace;
  if (flags.set !== undefined) return null;
  const text = effects.files.stat(specFile)?.kind === "file" ? (effects.files.readText(specFile) ?? "") : "";
  if (/^workspace:/m.test(text)) return null;
  const name = /^name:[ \t]*["']?([A-Za-z0-9][A-Za-z0-9._-]*)["']?[ \t]*(#.*)?$/m.exec(text)?.[1];
  return name === undefined ? null : `runs/${name}`;
}
