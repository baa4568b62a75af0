import { commandAnew } from "../pipeline/changes.ts";
import { Pipeline } from "../pipeline/pipeline.ts";
import type { LoadedSpec } from "../spec/load.ts";
import { resolveSpec } from "../spec/resolve.ts";
import type { Workspace } from "../workspace/workspace.ts";
import { launch } from "./launch.ts";
import type { Session } from "./session.ts";

/** Builds the run of a spec, and runs it. Answers the exit code. */
export async function launchSpec(session: Session, loaded: LoadedSpec, workspace: Workspace): Promise<number> {
  const { from } = session.flags;
  const resolved = await resolveSpec(loaded, { effects: session.effects, emit: session.early });
  const { path: file, overrides } = loaded;
  return launch(session, {
    workspace,
    pipeline: new Pipeline({ ...resolved, workspace, ...(from === undefined ? {} : { from }) }),
    isModule: false,
    anew: (manifest, shown) => commandAnew({ file, overrides }, manifest, shown),
  });
}
