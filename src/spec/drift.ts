import { scryptSync } from "node:crypto";
import { resolve } from "node:path";
import type { Files } from "../kernel/effects.ts";
import type { Registry } from "../kernel/registry.ts";
import { canonicalJson, isJsonObject, type JsonObject, type JsonValue, jsonDifferences } from "../model/json.ts";
import type { SourceRecord } from "../model/run.ts";
import type { JudgedChange } from "../pipeline/options.ts";
import { sha256Of } from "../platform/files/hash.ts";
import { placedCommands } from "./commands.ts";
import { isModulePath } from "./components.ts";
import { namedFiles, runsInCopy } from "./copy.ts";
import { type FilledVariable, isPublicVariable } from "./interpolate.ts";
import { specPaths } from "./paths.ts";
import { siteLookup, sitesOf } from "./sites.ts";

/**
 * How a run's spec and what it takes from elsewhere differ from what was recorded, field by field, and whether scores
 * depend on it. None does exactly when `specHash` and the hashes of these sources are the same for both.
 */
export function specChanges(
  before: { readonly spec: JsonObject; readonly sources?: readonly SourceRecord[] },
  raw: JsonObject,
  sources: readonly SourceRecord[],
  registry: Registry,
): readonly JudgedChange[] {
  const judges = [isScoring(before.spec, registry), isScoring(raw, registry)];
  const scores = (path: string): boolean => judges.some((judge) => judge(path));
  const fields = jsonDifferences(before.spec, raw).map(({ path, ...values }) => {
    return { path: path.join("."), ...values, scores: scores(path.join(".")) };
  });
  const commands = new Set(placedCommands(sitesOf(raw, registry)).map(({ path }) => path.join(".")));
  const isProjects = ({ path, name }: SourceRecord): boolean => commands.has(path) && !name.startsWith("${");
  const elsewhere = sources.flatMap((source, at): readonly JudgedChange[] => {
    const { path, name, hash } = source;
    const known = before.sources?.find((one) => one.path === path && one.name === name);
    if (!known || known.hash === hash) return [];
    const values = { before: known.hash.slice(0, 12), after: hash.slice(0, 12) };
    const of = (value: string): string => `${name} (${value})`;
    // A file that a command names is the project's: it may change, and is told. A variable in it is part of the command.
    if (isProjects(source)) {
      const isTold = sources.slice(0, at).some((one) => one.name === name && isProjects(one));
      return isTold ? [] : [{ path: `file ${name}`, ...values, scores: false, file: name }];
    }
    return [{ path, before: of(values.before), after: of(values.after), scores: scores(path) }];
  });
  return [...fields, ...elsewhere];
}

/**
 * Whether a score depends on what stands at a dotted path of this spec or on something in it, as the schemas of its
 * options say (`x-scores`): the metric's name and direction, the seed, what is run and what judges it, and the runners
 * these reach.
 */
function isScoring(raw: JsonObject, registry: Registry): (path: string) => boolean {
  const scoring = new Set<string>();
  for (const { path, scores } of sitesOf(raw, registry)) {
    if (scores) for (let length = path.length; length > 0; length--) scoring.add(path.slice(0, length).join("."));
  }
  return (path) => scoring.has(path);
}

/** SHA-256 of the part of a raw spec that scores depend on, hex. */
export function specHash(raw: JsonObject, registry: Registry): string {
  const parts = sitesOf(raw, registry)
    .filter(({ scores }) => scores)
    .map(({ path, value }) => [JSON.stringify(path), withoutContents(value)] as const);
  return sha256Of(canonicalJson(Object.fromEntries(parts)));
}

function withoutContents(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return [];
  return isJsonObject(value) ? {} : value;
}

/**
 * Tells what a spec takes from elsewhere, by hash: the files and modules it names, and the values of `${VAR}`. Left out
 * is what is different each time and has no part in the run: variables that say something about the machine, credentials
 * by their name, and options such as addresses and timeouts, whose own schema says that no score depends on them. Files
 * of the project that commands name are told where trials run with them as they are, and not in a copy.
 */
export function specSources(
  loaded: {
    readonly dir: string;
    readonly spec: JsonObject;
    readonly registry: Registry;
    readonly variables: readonly FilledVariable[];
  },
  files: Files,
): (runId: string) => readonly SourceRecord[] {
  const sites = sitesOf(loaded.spec, loaded.registry);
  const siteAt = siteLookup(sites);
  const named = sites
    .flatMap(({ path, value, schema, place }) => {
      if (place && isJsonObject(value)) {
        return isModulePath(value.type) ? [{ path: [...path, "type"], name: value.type }] : [];
      }
      return typeof value === "string" && schema?.["x-path"] !== undefined ? [{ path, name: value }] : [];
    })
    .map(({ path, name }): SourceRecord => {
      const hash = files.hash(resolve(loaded.dir, name)) ?? sha256Of("");
      return { path: path.join("."), name, hash };
    });
  const { root } = specPaths(loaded.dir, loaded.spec.root);
  const { artifacts } = loaded.spec;
  const commands = runsInCopy(Array.isArray(artifacts) ? artifacts : [], sites) ? [] : placedCommands(sites);
  const measured = commands.flatMap((command) =>
    namedFiles(command, root, files).flatMap(({ path: name }): readonly SourceRecord[] => {
      const hash = hashOfFile(files.realPath(resolve(root, name)), files);
      return hash === null ? [] : [{ path: command.path.join("."), name, hash }];
    }),
  );
  const values = loaded.variables.filter(
    ({ path, name }) =>
      siteAt(path)?.schema?.["x-scores"] !== false && !isPublicVariable(name) && !CREDENTIAL.test(name),
  );
  const known = new Map<string, string>();
  return (runId) => {
    const hashed = values.map(({ path, name, value }): SourceRecord => {
      const key = JSON.stringify([runId, name, value]);
      const hash = known.get(key) ?? hashOfValue(value, `${runId} ${name}`);
      known.set(key, hash);
      return { path: path.join("."), name: `\${${name}}`, hash };
    });
    return [...named, ...measured, ...hashed];
  };
}

/** Data that a command names may be large: bytes from which on size and time stand for what a file holds. */
const LARGE = 16 * 1024 * 1024;

function hashOfFile(path: string | null, files: Files): string | null {
  const stat = path === null ? null : files.stat(path);
  if (path === null || stat?.kind !== "file") return null;
  return stat.size < LARGE ? files.hash(path) : sha256Of(`${stat.size} ${stat.mtimeMs}`);
}

const CREDENTIAL = /(?:^|_)(?:KEY|TOKEN|SECRET|PASSWORD|PASSWD|CREDENTIALS?)$/i;

/**
 * Enough to see that a value has changed, and next to nothing about what it is: the hash is slow to try, differs from
 * run to run, and is so short that it fits countless other values.
 */
function hashOfValue(value: string, salt: string): string {
  return scryptSync(value, salt, 4).toString("hex");
}
