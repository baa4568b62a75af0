import { dirname, isAbsolute, resolve } from "node:path";
import { SpecError } from "../kernel/errors.ts";
import { artifactPaths } from "../model/artifact.ts";
import { canonicalJson, isJsonObject, type JsonObject, type JsonValue } from "../model/json.ts";
import type { ProjectScope, RunManifest, TakenProject } from "../model/run.ts";
import type { RunSettings } from "../model/settings.ts";
import type { RecordedSpec } from "./options.ts";

type ScopeSettings = Pick<RunSettings, "artifacts" | "files" | "inputs">;

/** Which files of the project a run with these settings takes in. */
export function scopeOf({ artifacts, files, inputs }: ScopeSettings): ProjectScope {
  return {
    tracked: artifacts,
    patterns: files,
    inputs: inputs.map(({ path }) => path).filter((path) => !isAbsolute(path)),
  };
}

export function isSameScope(one: ProjectScope, other: ProjectScope): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

/**
 * What a run has taken in of the project, before its spec is replaced by the present one: with the scope it was read
 * by, and without anything when all of it is to be read from another folder. Throws `SpecError` where that cannot be.
 */
export function takenBefore(
  previous: RunManifest,
  spec: RecordedSpec | undefined,
  settings: ScopeSettings,
): TakenProject | null {
  const { project } = previous;
  if (project === undefined) return null;
  const taken = { ...project, scope: project.scope ?? recordedScope(previous, spec, settings) };
  if (spec === undefined || isSameRoot(previous.spec, spec)) return taken;
  const everTracked = [...(project.earlier ?? []), taken].some(({ scope }) => (scope?.tracked.length ?? 0) > 0);
  if (!everTracked) return null;
  throw new SpecError(
    `\`root\` is ${shown(spec.raw)} and was ${shown(previous.spec)} when this run started: its states are of files there, and mean nothing elsewhere. Put \`root\` back, or start another run with \`aura run --new\``,
  );
}

/** What older records do not say: as the spec had it that they were made by. */
function recordedScope(
  { spec: before, inputs }: RunManifest,
  now: RecordedSpec | undefined,
  settings: ScopeSettings,
): ProjectScope {
  const present = scopeOf(settings);
  if (now === undefined) return present;
  const isSame = (key: string): boolean => canonicalJson(before[key] ?? null) === canonicalJson(now.raw[key] ?? null);
  return {
    tracked: isSame("artifacts") ? present.tracked : trackedIn(before.artifacts),
    patterns: isSame("files") ? present.patterns : textsIn(before.files),
    inputs: inputs.map(({ path }) => path).filter((path) => !isAbsolute(path)),
  };
}

function trackedIn(value: JsonValue | undefined): readonly string[] {
  const paths = Array.isArray(value) ? value.map((entry) => (isJsonObject(entry) ? entry.path : entry)) : [];
  return artifactPaths(paths.filter((path) => typeof path === "string"));
}

function textsIn(value: JsonValue | undefined): readonly string[] | null {
  return Array.isArray(value) ? value.filter((text) => typeof text === "string") : null;
}

/** A root may be written in several ways, relative to the spec or not. */
function isSameRoot(before: JsonObject, { raw, file }: RecordedSpec): boolean {
  const [one, other] = [rootOf(before), rootOf(raw)];
  return one === other || resolve(dirname(file), one) === resolve(dirname(file), other);
}

function rootOf({ root }: JsonObject): string {
  return typeof root === "string" ? root.replace(/^(?:\.\/+)+/, "").replace(/(?<=.)\/+$/, "") || "." : ".";
}

function shown(spec: JsonObject): string {
  return typeof spec.root === "string" ? JSON.stringify(spec.root) : "the spec's folder";
}
