import { resolve } from "node:path";
import { SpecError } from "../kernel/errors.ts";
import type { RunManifest } from "../model/run.ts";
import type { LoadedSpec } from "../spec/load.ts";
import type { Lock } from "../workspace/held-lock.ts";
import { holdsRun } from "../workspace/locate.ts";
import { lockEarly } from "./early-lock.ts";
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
    using early = holdsRun(root, effects.files) ? await lockEarly(root, "resume", effects, session.signals) : null;
    return await continued(session, root, null, early?.lock ?? null);
  });
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
  const { effects, flags } = session;
  const { Workspace } = await import("../workspace/workspace.ts");
  const workspace = await Workspace.open(root, { effects });
  session.use(workspace);
  if (lock) workspace.adopt(lock);
  const manifest = workspace.readManifest();
  if (!manifest) throw new SpecError(`${root} holds no run that was started; use \`aura run\``);
  const loaded = await loadAgain(session, root, manifest, specFile);
  await judgeDrift(manifest, loaded, flags);
  const { launch } = await import("./launch.ts");
  return launch(session, loaded, workspace);
}

/** The spec as it is now: the user's file, or the recorded copy where that is gone. */
async function loadAgain(
  { effects, flags }: Session,
  root: string,
  manifest: RunManifest,
  specFile: string | null,
): Promise<LoadedSpec> {
  const { loadSpec } = await import("../spec/load.ts");
  const { overridesOf } = await import("./run-flags.ts");
  const overrides = { ...manifest.overrides, ...overridesOf(flags) };
  if (specFile !== null) return loadSpec(specFile, { overrides, effects });
  if (manifest.specFile === undefined) {
    throw new SpecError(
      `the run in ${root} was started from code, not from a spec; run that program again to go on with it`,
    );
  }
  const file = resolve(root, manifest.specFile);
  if (effects.files.stat(file)) return loadSpec(file, { overrides, effects });
  const recorded = effects.files.readText(resolve(root, "spec.yaml"));
  if (recorded === null)
    throw new SpecError(`the run's spec ${file} is gone, and so is the copy in ${root}; put one of them back`);
  return loadSpec(file, { overrides, effects, text: recorded });
}

/** Shows how the spec differs from what the run was started with. Throws `SpecError` for changes that need consent. */
async function judgeDrift(manifest: RunManifest, loaded: LoadedSpec, flags: RunFlags): Promise<void> {
  const { formatDrift, specDrift } = await import("../spec/drift.ts");
  const changes = specDrift(manifest.spec, loaded.raw);
  if (changes.length === 0) return;
  const unsafe = changes.filter(({ safe }) => !safe);
  if (unsafe.length > 0 && !flags.acceptSpecChange) {
    throw new SpecError(
      `the spec has changed since this run was started, in ${unsafe.length === 1 ? "a field" : `${unsafe.length} fields`} that scores depend on (marked !):\n\n${formatDrift(changes)}\n\nput it back, or go on with --accept-spec-change (scores before and after are then kept apart), or start another run with \`aura run\``,
    );
  }
  process.stderr.write(`the spec has changed since this run was started:\n${formatDrift(changes)}\n`);
}
