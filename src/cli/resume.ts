import { resolve } from "node:path";
import type { Lock } from "../workspace/held-lock.ts";
import { holdsRun } from "../workspace/locate.ts";
import { readManifest } from "../workspace/manifest.ts";
import { lockEarly } from "./early-lock.ts";
import { prepare } from "./prepare-resume.ts";
import type { RunFlags } from "./run-flags.ts";
import { inSession, type Session } from "./session.ts";

/** `aura resume <workspace>`: goes on with a run from its records; a finished one ends at once with 0. */
export async function resume(place: string, flags: RunFlags): Promise<number> {
  return inSession(flags, place, async (session) => {
    const { effects } = session;
    const root = resolve(place);
    if (flags.explain) {
      const { explain } = await import("./explain.ts");
      return explain(session, root);
    }
    const answered = await finishedAlready(session, root, null);
    if (answered !== null) return answered;
    using early = holdsRun(root, effects.files) ? await lockEarly(root, "resume", effects, session.signals) : null;
    if (early) session.onCutOff(() => early[Symbol.dispose]());
    return await continued(session, root, null, early?.lock ?? null);
  });
}

/** The answer for a run that is finished, for which nothing is locked or written; `null` for any other. */
export async function finishedAlready(session: Session, root: string, specFile: string | null): Promise<number | null> {
  const { effects } = session;
  if (readManifest({ root, files: effects.files })?.status !== "finished") return null;
  const { Workspace } = await import("../workspace/workspace.ts");
  const workspace = await Workspace.open(root, { effects });
  session.use(workspace);
  const { answerFinished } = await import("./finished-run.ts");
  return answerFinished(session, workspace, specFile);
}

/**
 * Continues the run in a workspace: with the spec file it was started from, or with another one that is given. `lock` is
 * the workspace's, where it has been taken already.
 */
export async function continued(
  session: Session,
  root: string,
  specFile: string | null,
  lock: Lock | null,
): Promise<number> {
  const { workspace, loaded } = await prepare(session, root, specFile, lock);
  const { launch } = await import("./launch.ts");
  return launch(session, loaded, workspace);
}
