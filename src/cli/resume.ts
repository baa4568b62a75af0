import { dirname, resolve } from "node:path";
import type { Files } from "../kernel/effects.ts";
import { EXIT, SpecError } from "../kernel/errors.ts";
import type { RunManifest } from "../model/run.ts";
import { changedFilesMessage } from "../pipeline/changed-files.ts";
import { changeLines, changesSince, identity, refuseScoring } from "../pipeline/changes.ts";
import { recordInputs } from "../pipeline/inputs.ts";
import type { JudgedChange } from "../pipeline/options.ts";
import { chooseFailed, type ExplainedStep, explainResume } from "../pipeline/resume.ts";
import { specChanges, specSources } from "../spec/drift.ts";
import { type LoadedSpec, loadSpec } from "../spec/load.ts";
import { overridesOf } from "../spec/overrides.ts";
import { resolveSpec } from "../spec/resolve.ts";
import { terminalLine } from "../text/printable.ts";
import { specPlace } from "../workspace/manifest.ts";
import { Workspace } from "../workspace/workspace.ts";
import { requirement } from "./flags.ts";
import { launch } from "./launch.ts";
import type { Session } from "./session.ts";

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
  const loaded = spec ?? (await withInputs(manifest, () => loadAgain(session, root, manifest)));
  refuseOtherScores(root, manifest, loaded, effects.files);
  return { workspace, manifest, loaded };
}

/** Loads the spec. A file that it does not find may be one that was there when the run started, which says more. */
async function withInputs(manifest: RunManifest, load: () => Promise<LoadedSpec>): Promise<LoadedSpec> {
  try {
    return await load();
  } catch (thrown) {
    if (!(thrown instanceof SpecError)) throw thrown;
    const gone = manifest.inputs.filter(({ path }) => thrown.diagnostics.some(({ message }) => isAbout(message, path)));
    if (gone.length === 0) throw thrown;
    const lines = gone.map((input) => `input ${input.path} was there when this run started (${identity(input)})`);
    throw new SpecError(`${thrown.message}\n\n${lines.join("\n")}; put it back`, thrown.diagnostics);
  }
}

/** The spec as it is now: the user's file, or the recorded copy where that is gone. */
async function loadAgain(
  { effects, flags, signals: { unlessIdle } }: Session,
  root: string,
  manifest: RunManifest,
): Promise<LoadedSpec> {
  const { values, problems: overrideProblems } = overridesOf(flags);
  const overrides = { ...manifest.overrides, ...values };
  // The user's own may be gone by now, as after `aura apply`.
  const tracked = manifest.project?.scope.tracked ?? [];
  const options = { overrides, overrideProblems, effects, unlessIdle, tracked };
  if (manifest.specFile === undefined) {
    throw new SpecError(
      `the run in ${root} was started from code, not from a spec; run that program again to go on with it`,
    );
  }
  const file = specPlace(root, manifest.specFile, effects.files);
  if (effects.files.stat(file)) return loadSpec(file, options);
  const copy = resolve(root, "spec.yaml");
  const text = effects.files.readText(copy);
  if (text === null)
    throw new SpecError(`the run's spec ${file} is gone, and so is the copy in ${root}; put one of them back`);
  const advice = adviceOnCopy(copy, file, manifest);
  if (isWithoutItsProject(dirname(file), manifest, effects.files))
    throw new SpecError(`the project of the run in ${root} is not where it was\n\n${advice}`);
  try {
    return await loadSpec(file, { ...options, copy: { file: copy, text } });
  } catch (thrown) {
    if (!(thrown instanceof SpecError)) throw thrown;
    throw new SpecError(`${thrown.message}\n\n${advice}`, thrown.diagnostics);
  }
}

/** Whether a workspace was moved, and its project was not: the paths of its spec would lead to somebody else's files. */
function isWithoutItsProject(specDir: string, { project, spec }: RunManifest, files: Files): boolean {
  const real = files.realPath(resolve(specDir, typeof spec.root === "string" ? spec.root : "."));
  if (real === null) return true;
  return project !== undefined && real !== (files.realPath(project.root) ?? project.root);
}

/** What to do about a recorded spec that is of no use where it is. */
function adviceOnCopy(copy: string, file: string, { project }: RunManifest): string {
  const was = project === undefined ? "" : ` (the project was read from ${project.root})`;
  return `the spec that the run was started from is not where it was as seen from the workspace, ${file}${was}; there is only the workspace's recorded spec, ${copy}, whose paths are relative to ${dirname(file)}. Put the project and its spec back there, or move the workspace back to where it was`;
}

function isAbout(message: string, input: string): boolean {
  return message.startsWith("there is no ") && message.endsWith(`/${input}`);
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
  const { effects, flags, frame } = session;
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
    frame.finish({ exitCode: EXIT.ok, reason: "explained", best: manifest.best });
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
