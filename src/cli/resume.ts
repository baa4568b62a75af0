import { resolve } from "node:path";
import type { Files } from "../kernel/effects.ts";
import { EXIT, SpecError } from "../kernel/errors.ts";
import type { RunManifest } from "../model/run.ts";
import { changedFilesMessage } from "../pipeline/changed-files.ts";
import { changeLines, changesSince, refuseScoring } from "../pipeline/changes.ts";
import { recordInputs } from "../pipeline/inputs.ts";
import type { JudgedChange } from "../pipeline/options.ts";
import { chooseFailed, type ExplainedStep, explainResume } from "../pipeline/resume.ts";
import { specChanges, specSources } from "../spec/drift.ts";
import { type LoadedSpec, loadSpec } from "../spec/load.ts";
import { overridesOf } from "../spec/overrides.ts";
import { resolveSpec } from "../spec/resolve.ts";
import { terminalLine } from "../text/printable.ts";
import { shellWord } from "../text/shell.ts";
import { specPlace } from "../workspace/manifest.ts";
import { Workspace } from "../workspace/workspace.ts";
import { requirement } from "./flags.ts";
import { launch } from "./launch.ts";
import { bestOfRun, type Session } from "./session.ts";

/** `aura resume <workspace>`: goes on with a run from its records; one that is finished finds nothing to do. */
export async function resume(session: Session, place: string): Promise<number> {
  const root = resolve(place);
  return session.flags.explain ? explain(session, root) : continued(session, root, null);
}

/** Continues the run in a workspace: with the spec it was started from, or with another one that is given. */
export async function continued(session: Session, root: string, spec: LoadedSpec | null): Promise<number> {
  const { workspace, loaded } = await prepare(session, root, spec);
  return launch(session, loaded, workspace);
}

/** A run that may be gone on with, and its spec as it is now. */
interface Prepared {
  readonly workspace: Workspace;
  readonly manifest: RunManifest;
  readonly loaded: LoadedSpec;
}

/** All that has to be right before a run goes on; nothing is written. Throws `AuraError` for what is not. */
async function prepare(session: Session, root: string, spec: LoadedSpec | null): Promise<Prepared> {
  const { effects } = session;
  const workspace = await Workspace.open(root, { effects });
  session.use(workspace);
  const manifest = workspace.readManifest();
  if (!manifest) throw new SpecError(`${root} holds no run that was started; use \`aura run\``);
  const loaded = spec ?? (await loadAgain(session, root, manifest));
  refuseOtherScores(root, manifest, loaded, effects.files);
  return { workspace, manifest, loaded };
}

/** The spec as it is now. */
async function loadAgain({ effects, flags }: Session, root: string, manifest: RunManifest): Promise<LoadedSpec> {
  const { values, problems: overrideProblems } = overridesOf(flags);
  const overrides = { ...manifest.overrides, ...values };
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
async function explain(session: Session, root: string): Promise<number> {
  const { effects, flags, frame, finish } = session;
  const { workspace, manifest, loaded } = await prepare(session, root, null);
  const { settings, spec } = await resolveSpec(loaded, { effects });
  requirement(flags.require, settings.metric);
  const { retryFailed = false } = flags;
  const scope = { files: effects.files, workspace: root };
  const inputs = await recordInputs(settings.inputs, scope, () => effects.clock.turn());
  const judged = changesSince(manifest, spec, inputs, settings);
  refuseScoring(judged, root, manifest, spec);
  const files = await changedFilesMessage(workspace, manifest, settings, spec, new AbortController().signal);
  if (files !== null) process.stderr.write(`warning: ${terminalLine(files)}\n`);
  const steps = explainResume(workspace, retryFailed ? chooseFailed(workspace, retryFailed) : []);
  if (frame) {
    frame.tell("resume.explained", { changes: judged.map(({ scores: _, file: __, ...change }) => change), steps });
    finish({ exitCode: EXIT.ok, reason: "explained", best: bestOfRun(workspace) });
    return EXIT.ok;
  }
  process.stdout.write(`${text(steps, judged)}\n`);
  return EXIT.ok;
}

function text(steps: readonly ExplainedStep[], changes: readonly JudgedChange[]): string {
  const width = steps.reduce((longest, { step }) => Math.max(longest, step.length), 0);
  const count = (action: ExplainedStep["action"]): number => steps.filter((step) => step.action === action).length;
  return [
    ...(changes.length > 0 ? [`changed, from the next proposals on:\n${changeLines(changes)}`, ""] : []),
    ...steps.map(({ step, action, why }) => `${action.padEnd(5)}  ${step.padEnd(width)}  ${terminalLine(why)}`),
    "",
    `${count("reuse")} to reuse, ${count("adopt")} to adopt, ${count("rerun")} to run`,
    "then: the next iteration, unless a stop condition holds",
  ].join("\n");
}
