import { resolve } from "node:path";
import type { Files } from "../kernel/effects.ts";
import { SpecError } from "../kernel/errors.ts";
import type { RunManifest } from "../model/run.ts";
import { refuseScoring } from "../pipeline/changes.ts";
import { specChanges, specSources } from "../spec/drift.ts";
import { type LoadedSpec, loadSpec } from "../spec/load.ts";
import { overridesOf } from "../spec/overrides.ts";
import { resolveSpec } from "../spec/resolve.ts";
import { shellWord } from "../text/shell.ts";
import { specPlace } from "../workspace/manifest.ts";
import { Workspace } from "../workspace/workspace.ts";
import type { Session } from "./session.ts";
import { launchSpec } from "./spec-run.ts";

/** `aura resume <workspace>`: goes on with a run from its records; one that is finished finds nothing to do. */
export async function resume(session: Session, place: string): Promise<number> {
  const workspace = await Workspace.open(place, { effects: session.effects });
  session.use(workspace);
  const { module } = workspace;
  if (module !== null) return (await import("./module-run.ts")).resumeModule(session, module, workspace);
  return session.flags.explain ? explain(session, workspace) : continued(session, workspace, null);
}

/** Continues the run in a workspace: with the spec it was started from, or with another one that is given. */
export async function continued(session: Session, workspace: Workspace, spec: LoadedSpec | null): Promise<number> {
  const { loaded } = await prepare(session, workspace, spec);
  return launchSpec(session, loaded, workspace);
}

/** A run that may be gone on with, and its spec as it is now. */
interface Prepared {
  readonly manifest: RunManifest;
  readonly loaded: LoadedSpec;
}

/** All that has to be right before a run goes on; nothing is written. Throws `AuraError` for what is not. */
async function prepare(session: Session, workspace: Workspace, spec: LoadedSpec | null): Promise<Prepared> {
  const { root } = workspace;
  const manifest = workspace.readManifest();
  if (!manifest) throw new SpecError(`${root} holds no run that was started; use \`aura run\``);
  const loaded = spec ?? (await loadAgain(session, root, manifest));
  refuseOtherScores(root, manifest, loaded, session.effects.files);
  return { manifest, loaded };
}

/** The spec as it is now. */
async function loadAgain({ effects, flags }: Session, root: string, manifest: RunManifest): Promise<LoadedSpec> {
  const { overrides: given, overrideProblems } = overridesOf(flags);
  const overrides = { ...manifest.overrides, ...given };
  // The user's own may be gone by now, as after `aura apply`.
  const tracked = manifest.project?.scope.tracked ?? [];
  if (manifest.specFile === undefined) {
    throw new SpecError(
      `the run in ${root} was started from code, not from a spec; run that program again to go on with it`,
    );
  }
  const file = specPlace(root, manifest.specFile, effects.files);
  if (effects.files.stat(file)) return loadSpec(file, { overrides, overrideProblems, effects, tracked });
  const copy = shellWord(resolve(root, "spec.yaml"));
  throw new SpecError(
    `the spec that the run was started from is not where it was as seen from the workspace, ${file}\nPut it back there, as with \`cp ${copy} ${shellWord(file)}\`, or move the workspace back to where it was.`,
  );
}

/** Throws `SpecError` when the spec has changed in what scores depend on. Inputs are looked at when the run goes on. */
function refuseOtherScores(root: string, manifest: RunManifest, loaded: LoadedSpec, files: Files): void {
  const changes = specChanges(manifest, loaded.raw, specSources(loaded, files)(manifest.runId), loaded.registry);
  refuseScoring(changes, root, manifest, { file: loaded.path, overrides: loaded.overrides });
}

/**
 * `aura resume --explain`: what the same command without it would reuse, adopt, run again or leave, and why; with
 * `--json` as an event `resume.explained`. Refuses what that would refuse, with the same exit code. Changes nothing.
 */
async function explain(session: Session, workspace: Workspace): Promise<number> {
  const { manifest, loaded } = await prepare(session, workspace, null);
  const { settings, spec } = await resolveSpec(loaded, { effects: session.effects });
  const { explainRun } = await import("./explain.ts");
  return explainRun(session, { workspace, manifest, settings, spec });
}
