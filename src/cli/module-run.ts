import { SpecError } from "../kernel/errors.ts";
import type { JsonObject } from "../model/json.ts";
import type { RunManifest } from "../model/run.ts";
import { overridden, overridePaths, type RunOverrides } from "../pipeline/options.ts";
import { shellPath } from "../text/shell.ts";
import { Workspace } from "../workspace/workspace.ts";
import { explainRun } from "./explain.ts";
import type { RunFlags } from "./flags.ts";
import { launch } from "./launch.ts";
import { assertModule, type Loop, loopOf, moduleWorkspace, refuseSpecOptions } from "./loop-module.ts";
import type { Session } from "./session.ts";

/** `aura run loop.ts`: runs, or with `--or-resume` continues, the pipeline that a module makes for a workspace. */
export async function runModule(session: Session, file: string): Promise<number> {
  const { effects, flags } = session;
  refuseSpecOptions(file, flags);
  assertModule(file, effects.files);
  const place = flags.workspace ?? moduleWorkspace(file);
  const ifExists = flags.new ? "next" : flags.orResume ? "resume" : "refuse";
  const workspace = await Workspace.create(place, { effects, ifExists, module: file });
  session.use(workspace);
  return launched(session, file, workspace);
}

/** `aura resume` of a run that a module's pipeline was run for. */
export async function resumeModule(session: Session, file: string, workspace: Workspace): Promise<number> {
  refuseSpecOptions(file, session.flags);
  if (!workspace.effects.files.stat(file))
    throw new SpecError(
      `the module that the run was started from is not where it was, ${file}\nPut it back there, or go on with it from where it is now: aura run loop.ts --workspace ${shellPath(workspace.root)} --or-resume`,
    );
  const manifest = workspace.readManifest();
  if (!session.flags.explain || !manifest) return launched(session, file, workspace);
  const { settings } = await loopOf(file, workspace, session.signals.drain);
  const overrides = overridesOf(session.flags, manifest);
  return explainRun(session, { workspace, manifest, settings: overridden(settings, overrides) });
}

async function launched(session: Session, file: string, workspace: Workspace): Promise<number> {
  const overrides = overridesOf(session.flags, workspace.readManifest());
  const loop = await loopOf(file, workspace, session.signals.drain);
  return launch(session, {
    workspace,
    pipeline: withOverrides(loop, overrides),
    isModule: true,
    anew: (_, shown) => `aura run ${shellPath(shown(file))}${flagWords(overrides)} --new`,
  });
}

/** The pipeline as it is run with what the command line says over it. */
function withOverrides(loop: Loop, overrides: RunOverrides): Loop {
  return {
    settings: overridden(loop.settings, overrides),
    subscribe: (sink) => loop.subscribe(sink),
    run: (options) => loop.run({ ...options, settings: overrides }),
  };
}

/** What the command line says now, and before that said: it persists, as for specs. */
function overridesOf(flags: RunFlags, manifest: RunManifest | null): RunOverrides {
  const said: JsonObject = { ...manifest?.overrides, ...overridePaths(flags) };
  const { "stop.iterations": maxIterations, parallel, seed } = said;
  const numbers = Object.entries({ maxIterations, parallel, seed }).filter(([, value]) => typeof value === "number");
  return Object.fromEntries(numbers);
}

function flagWords({ maxIterations, parallel, seed }: RunOverrides): string {
  const flags = { "max-iterations": maxIterations, parallel, seed };
  return Object.entries(flags)
    .map(([name, value]) => (value === undefined ? "" : ` --${name} ${value}`))
    .join("");
}
