import { dirname, resolve } from "node:path";
import type { Effects } from "../kernel/effects.ts";
import { EXIT } from "../kernel/errors.ts";
import { isJsonObject, type JsonObject } from "../model/json.ts";
import type { RunManifest } from "../model/run.ts";
import { comparisonOf } from "../model/score.ts";
import { explainResume } from "../pipeline/explain.ts";
import { readJournal } from "../workspace/journal.ts";
import { assertNotHeld } from "../workspace/lock-state.ts";
import { misfits } from "../workspace/plain-files.ts";
import { inspectBest } from "../workspace/queries.ts";
import { specPlace } from "../workspace/spec-place.ts";
import type { Workspace } from "../workspace/workspace.ts";
import type { JsonFrame } from "./json-frame.ts";
import { requirement, unmet } from "./require.ts";
import { overridesOf, type RunFlags } from "./run-flags.ts";
import { sayEnding } from "./say-ending.ts";
import type { Session } from "./session.ts";
import { showsCarriedState } from "./states.ts";

/**
 * Answers for a run that is finished and to which nothing has happened since: tells its end once more and whether
 * `--require` is met, and writes nothing. `null` when there may be something to do.
 */
export function answerFinished(session: Session, workspace: Workspace, specFile: string | null): number | null {
  const { effects, flags, frame } = session;
  const manifest = workspace.readManifest();
  if (manifest?.status !== "finished" || manifest.reason === undefined) return null;
  // Whoever goes on names it.
  if (misfits({ root: workspace.root, files: effects.files }).length > 0) return null;
  if (asksForMore(flags, manifest) || hasChanged(workspace, manifest, specFile, effects)) return null;
  const metric = metricOf(manifest.spec);
  if (metric === null) return null;
  assertNotHeld(workspace.root, effects);
  const { best, reason } = manifest;
  const required = requirement(flags.require, metric);
  const code = unmet(required, { best, reason }, metric) ?? EXIT.ok;
  const missed = code === EXIT.ok ? {} : { message: `the best does not meet --require ${flags.require}` };
  describe(frame, workspace, manifest);
  sayEnding({ workspace, flags, frame }, metric, { reason, ...missed });
  frame?.finish({ exitCode: code, reason, best, ...missed });
  return code;
}

/** Describes the run as it did itself when it was last going on, where the journal still tells. */
function describe(frame: JsonFrame | null, { root, effects }: Workspace, manifest: RunManifest): void {
  if (frame === null) return;
  const { best, totals, iterationsCompleted } = manifest;
  const last = [...readJournal(root, effects.files)].findLast((event) => event.type === "run.started");
  if (last) frame.sink({ ...last, run: { ...last.run, resumed: true, best, totals, iterationsCompleted } });
}

function asksForMore(flags: RunFlags, { overrides }: RunManifest): boolean {
  if (flags.retryFailed || flags.acceptSpecChange) return true;
  const { values, problems } = overridesOf(flags);
  if (problems.length > 0) return true;
  return Object.entries(values).some(([path, value]) => JSON.stringify(overrides[path]) !== JSON.stringify(value));
}

/** Whether the spec, a record or the state carried on is another than when the run ended. */
function hasChanged(workspace: Workspace, manifest: RunManifest, specFile: string | null, effects: Effects): boolean {
  const file =
    specFile ?? (manifest.specFile === undefined ? null : specPlace(workspace.root, manifest.specFile, effects.files));
  // Only the program that a run in code was started from can tell whether it is still the same.
  if (file === null) return true;
  const text = effects.files.readText(file);
  if (text !== null && text !== workspace.readSpec()) return true;
  if (text !== null && filesHaveChanged(manifest, dirname(file), effects)) return true;
  const best = inspectBest(workspace.root, effects);
  if (best?.id !== manifest.best?.id || best?.score !== manifest.best?.score) return true;
  const iterations = workspace.listIterations();
  return (
    iterations.some((iteration) => workspace.readIteration(iteration)?.state !== "finished") ||
    explainResume(workspace).some(({ action }) => action !== "reuse") ||
    !showsCarriedState(workspace)
  );
}

/** Whether a file that the spec names, or an input, is no longer what it was. Values of variables are not looked at. */
function filesHaveChanged({ sources = [], inputs, spec }: RunManifest, specDir: string, { files }: Effects): boolean {
  const root = resolve(specDir, typeof spec.root === "string" ? spec.root : ".");
  return (
    sources.some(({ name, hash }) => !name.startsWith("${") && files.hash(resolve(specDir, name)) !== hash) ||
    inputs.some(
      ({ path, sha256 }) =>
        files.stat(resolve(root, path))?.kind !== "directory" && files.hash(resolve(root, path)) !== sha256,
    )
  );
}

/** The metric as it was recorded; `null` when a part of it stands in a variable of the environment. */
function metricOf(spec: JsonObject) {
  const { name, baseline, target } = isJsonObject(spec.metric) ? spec.metric : {};
  if (typeof baseline === "string" || typeof target === "string") return null;
  return {
    name: typeof name === "string" ? name : "score",
    direction: comparisonOf(spec).direction,
    ...(typeof baseline === "number" ? { baseline } : {}),
    ...(typeof target === "number" ? { target } : {}),
  };
}
