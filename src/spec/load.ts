import { dirname, resolve } from "node:path";
import { builtinsFor } from "../components/builtins.ts";
import { isSecretName } from "../components/process-environment.ts";
import type { Effects, EnvironmentVariables, Files } from "../kernel/effects.ts";
import { type Diagnostic, SpecError } from "../kernel/errors.ts";
import { assertArgument, TEXT } from "../kernel/given-options.ts";
import type { Registry } from "../kernel/registry.ts";
import { isJsonObject, type JsonObject } from "../model/json.ts";
import { systemEffects } from "../platform/system.ts";
import { checkValue, type Surroundings } from "./check.ts";
import { withoutNotes } from "./components.ts";
import { copyFindings, misplacedFindings } from "./copy.ts";
import { DiagnosticWriter, type Finding, formatDiagnostics, OVERRIDES } from "./diagnostics.ts";
import { specHash } from "./drift.ts";
import { blamed, type Interpolated, interpolate, type Reference, secretValues } from "./interpolate.ts";
import { loadUserModules } from "./modules.ts";
import { applyOverrides, overridePath, replaceAt } from "./overrides.ts";
import { placeKey } from "./places.ts";
import { settingsOf } from "./settings.ts";
import { fullPath, inFull, sourceInFull, spelledOut } from "./shorthands.ts";
import { type Site, siteLookup, sitesOf } from "./sites.ts";
import { parseSource, readSpecFile } from "./source.ts";
import { type Spec, specSchema } from "./spec-schema.ts";

/** A spec that has been read, checked and completed. */
export interface LoadedSpec {
  /** The file as the user named it, for messages. */
  readonly file: string;
  /** The file's absolute path. */
  readonly path: string;
  /** The spec's folder, absolute: what its paths are relative to. */
  readonly dir: string;
  /** The text as the user wrote it. */
  readonly text: string;
  /** Overrides applied, defaults filled in, `${VAR}` unexpanded: what is recorded, and compared on resume. */
  readonly raw: JsonObject;
  /** Variables expanded; components are not yet built. */
  readonly spec: Spec;
  /** Values of variables that are no settings, longest first: to be hidden wherever text is recorded or shown. */
  readonly secrets: readonly string[];
  /** Variables that hold keys of model providers. */
  readonly keyVariables: readonly string[];
  /** What each `${VAR}` stands for, by the path of the text that it is in. */
  readonly variables: Interpolated["variables"];
  /** Hash of the part of `raw` that scores depend on. */
  readonly specHash: string;
  readonly overrides: JsonObject;
  readonly warnings: readonly Diagnostic[];
  /** The components it was checked against, the user's own modules among them. */
  readonly registry: Registry;
}

export interface LoadSpecTextOptions {
  readonly registry: Registry;
  /** Where `${VAR}` comes from. Default: nothing is set. */
  readonly variables?: Pick<EnvironmentVariables, "get">;
  /** `path: value`, as `--set` gives them. */
  readonly overrides?: JsonObject;
  /** To tell whether files the spec names exist; without it that is not checked. */
  readonly files?: Files;
}

export interface LoadSpecOptions {
  /** Default: the built-in components. */
  readonly registry?: Registry;
  readonly overrides?: JsonObject;
  /** What is wrong with overrides that could not be read, to be told with what is wrong with the spec. */
  readonly overrideProblems?: readonly Diagnostic[];
  /** Default: the real file system and environment. */
  readonly effects?: Effects;
  /** Artifacts that the run has read already, and which may be gone or something else by now. Default: none. */
  readonly tracked?: readonly string[];
}

/**
 * Reads and checks a spec given as text. `file` names it in messages, and its folder is what paths are relative to.
 * Users' own modules are not loaded, so their options are not checked. Throws `SpecError` with every problem.
 */
export function loadSpecText(text: string, file: string, options: LoadSpecTextOptions): LoadedSpec {
  const { registry, files } = options;
  return finished(prepared(text, file, options), { registry, ...(files ? { files } : {}) }).loaded;
}

/** Reads and checks a spec file, users' modules included. Throws `SpecError` with every problem. */
export async function loadSpec(path: string, options: LoadSpecOptions = {}): Promise<LoadedSpec> {
  assertArgument("loadSpec", "path", path, TEXT);
  const { effects = systemEffects(), overrides = {}, overrideProblems = [] } = options;
  const draft = prepared(readSpecFile(path, effects.files), path, { overrides, variables: effects.variables });
  const toPath = (type: string) => resolve(draft.dir, type);
  const registry = options.registry ?? (await builtinsFor(draft.value));
  const modules = await loadUserModules(draft.value, registry, toPath, loadUserModule, effects.files);
  const { tracked = [] } = options;
  const around = { ...modules, files: effects.files, effects, tracked };
  const { loaded, diagnose } = finished(draft, around, overrideProblems);
  // A run that goes on has read the project already.
  if (options.tracked !== undefined) return loaded;
  const sites = sitesOf(loaded.spec, loaded.registry);
  const settings = settingsOf(loaded.spec, loaded.dir);
  const where = { files: effects.files, dir: loaded.dir, here: resolve(".") };
  const found = [...(await copyFindings(settings, sites, effects)), ...misplacedFindings(settings, sites, where)];
  return { ...loaded, warnings: [...loaded.warnings, ...diagnose(found)] };
}

/** The module loader brings a compiler along, so it is loaded only when there is a module. */
async function loadUserModule(path: string) {
  const { loadModule } = await import("../platform/modules.ts");
  return loadModule(path);
}

/** A spec with overrides and variables put in, not yet checked. */
type Draft = ReturnType<typeof prepared>;

function prepared(text: string, file: string, options: Omit<LoadSpecTextOptions, "registry">) {
  const overrides = options.overrides ?? {};
  const source = sourceInFull(parseSource(text));
  const applied = applyOverrides(spelledOut(source.value), overrides);
  const get = (name: string) => options.variables?.get(name);
  const filled = interpolate(inFull(applied.value), get, (path) => source.quoted.has(placeKey(path)));
  const path = resolve(file);
  const value = isJsonObject(filled.value) ? filled.value : {};
  const findings = [...applied.findings, ...filled.findings];
  const lookup = options.variables;
  return { ...filled, file, path, dir: dirname(path), source, value, findings, overrides, lookup };
}

function finished(
  draft: Draft,
  around: Surroundings & { readonly findings?: readonly Finding[] },
  before: readonly Diagnostic[] = [],
): { readonly loaded: LoadedSpec; readonly diagnose: (findings: readonly Finding[]) => readonly Diagnostic[] } {
  const { file, path, dir, source, variables, overrides } = draft;
  const overridden = Object.keys(overrides).map((path) => fullPath(overridePath(path)));
  const writer = new DiagnosticWriter(source, file, overridden, secretValues(variables));
  const unread = source.problems.map(({ path, message, span }) => writer.at(path, message, span));
  if (source.unreadable) throw specError(file, [...before, ...unread]);
  const value = withDefaultStages(draft.value, around.registry);
  const first = [...draft.findings, ...(around.findings ?? [])];
  const checked = checkValue(value, dir, around, [...first, ...source.problems]);
  const told = blamed(checked.errors, draft.references, value);
  const errors = [...before, ...unread, ...writer.write([...first, ...told])].sort(byPlace);
  const spec = withoutNotes(specSchema, value);
  if (!isValidSpec(spec, errors)) throw specError(file, errors);
  const raw = draft.references.reduce<JsonObject>((whole, reference) => unexpanded(whole, reference), value);
  const diagnose = (findings: readonly Finding[]) => writer.write(blamed(findings, draft.references, value));
  const warnings = diagnose(checked.warnings);
  const { text } = source;
  const { registry } = around;
  const sites = sitesOf(value, registry);
  const siteAt = siteLookup(sites);
  const keyVariables = namedVariables(sites, "key");
  const passed = namedVariables(sites, "passed").filter((name) => isSecretName(name) || keyVariables.includes(name));
  const secrets = [
    ...secretValues(variables, (at) => siteAt(at)?.isSetting === true),
    ...passed.flatMap((name) => draft.lookup?.get(name) ?? []),
  ];
  const hash = specHash(raw, registry);
  const hidden = { variables, secrets, keyVariables };
  const loaded = { file, path, dir, text, raw, spec, ...hidden, specHash: hash, overrides, warnings, registry };
  return { loaded, diagnose };
}

/** The environment variables that options of this kind name. */
function namedVariables(sites: readonly Site[], use: "passed" | "key"): readonly string[] {
  const named = sites.filter(({ schema }) => schema?.["x-variables"] === use).flatMap(({ value }) => value);
  return [...new Set(named.filter((name) => typeof name === "string"))];
}

function withDefaultStages(value: JsonObject, registry: Registry): JsonObject {
  return {
    ...value,
    ...(value.evaluator === undefined && registry.find("evaluator", "metric") ? { evaluator: { type: "metric" } } : {}),
    ...(value.reviewer === undefined && registry.find("reviewer", "none") ? { reviewer: { type: "none" } } : {}),
  };
}

/** The schema and all other checks have found nothing. */
function isValidSpec(value: unknown, errors: readonly Diagnostic[]): value is Spec {
  return errors.length === 0 && isJsonObject(value);
}

function unexpanded(whole: JsonObject, { path, raw }: Reference): JsonObject {
  const changed = replaceAt(whole, path, raw);
  return isJsonObject(changed) ? changed : whole;
}

function byPlace(a: Diagnostic, b: Diagnostic): number {
  return (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0);
}

function specError(file: string, diagnostics: readonly Diagnostic[]): SpecError {
  const count = diagnostics.length === 1 ? "an error" : `${diagnostics.length} errors`;
  const isOfOverrides = diagnostics.every((found) => found.file === OVERRIDES);
  const what = isOfOverrides ? `what ${OVERRIDES} makes of ${file}` : file;
  return new SpecError(`${what} has ${count}\n\n${formatDiagnostics(diagnostics)}`, diagnostics);
}
