import { resolve } from "node:path";
import type { LoadedSpec } from "../spec/load.ts";
import type { RunFlags } from "./run-flags.ts";
import { inSession, type Session } from "./session.ts";

/** `aura resume <workspace>`: goes on with a run from its records; one that is finished finds nothing to do. */
export async function resume(place: string, flags: RunFlags): Promise<number> {
  return inSession(flags, place, async (session) => {
    const root = resolve(place);
    if (!flags.explain) return continued(session, root, null);
    const { explain } = await import("./explain.ts");
    return explain(session, root);
  });
}

/** Continues the run in a workspace: with the spec it was started from, or with another one that is given. */
export async function continued(session: Session, root: string, spec: LoadedSpec | null): Promise<number> {
  const { prepare } = await import("./prepare-resume.ts");
  const { workspace, loaded } = await prepare(session, root, spec);
  const { launch } = await import("./launch.ts");
  return launch(session, loaded, workspace);
}
