import { dirname, join, relative, resolve } from "node:path";
import type { RunManifest } from "../model/run.ts";
import type { RunSettings } from "../model/settings.ts";
import { isWithin } from "../model/tree-path.ts";
import { listed, quoted } from "../text/printable.ts";
import { shellPath } from "../text/shell.ts";
import { type ChangedFile, changedSince, SnapshotStore, surveyProject } from "../workspace/states/index.ts";
import type { Workspace } from "../workspace/workspace.ts";
import { waysOn } from "./changes.ts";
import type { RecordedSpec } from "./options.ts";

/**
 * What changed files of the project mean for a run that goes on, and what to type; `null` where none has changed. A run
 * whose trials get copies goes on with what it read (`kept`), any other measures with the files as they are.
 */
export async function changedFilesMessage(
  workspace: Workspace,
  previous: RunManifest,
  settings: RunSettings,
  spec: RecordedSpec | undefined,
  signal: AbortSignal,
): Promise<string | null> {
  const live = spec?.changes(previous).flatMap(({ file }) => file ?? []) ?? [];
  const dir = dirname(spec?.file ?? "");
  const sources = spec?.sources?.(previous.runId) ?? [];
  const { module } = workspace;
  const named = spec ? [spec.file, ...sources.map(({ name }) => resolve(dir, name))] : [];
  const followed = module === null ? named : [...named, module];
  const kept = await changedProjectFiles(workspace, settings, followed, signal);
  const ways = `to have all by one, ${waysOn(workspace.root, previous, spec).replace(/\s+/g, " ")}`;
  if (live.length > 0)
    return `${listed(live.map(quoted), NAMED)} changed: what ran before had the older file, what runs now has the newer\n${ways}`;
  if (kept.length === 0) return null;
  const names = kept.map(({ path, how }) => `${quoted(path)}${how === "changed" ? "" : ` (${how})`}`);
  const means = `${listed(names, NAMED)} changed since this run read the project: it goes on with what it read, also for what runs again`;
  if (!spec || !kept.some(({ isArtifact }) => isArtifact)) return `${means}\n${ways}`;
  return `${means}\nto begin from your files as they are now: aura run ${shellPath(spec.file)} --new`;
}

const NAMED = 5;

/**
 * What of the project is other than when a run read it for its trials' copies; nothing for a run that has made none. Left
 * out is what the run goes by as it is now: its spec, what that names, and the module that makes its pipeline.
 */
async function changedProjectFiles(
  workspace: Workspace,
  { root }: Pick<RunSettings, "root">,
  followed: readonly string[],
  signal: AbortSignal,
): Promise<readonly ChangedFile[]> {
  const { effects } = workspace;
  const taken = workspace.readManifest()?.project;
  if (!taken || effects.files.stat(root) === null) return [];
  const survey = await surveyProject({ root, ...taken.scope }, effects, signal);
  const changed = changedSince(new SnapshotStore(workspace.root, effects.files), { ...taken, root }, survey);
  const own = relative(root, workspace.root);
  return changed.filter(({ path }) => !followed.includes(join(root, path)) && !isWithin(path, own));
}
