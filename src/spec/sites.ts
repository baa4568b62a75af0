import type { AnyDefinition, Kind } from "../kernel/define.ts";
import type { Registry } from "../kernel/registry.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "../model/json.ts";
import { definitionOf, kindOfReference, type Place } from "./components.ts";
import { placeKey, type SpecPath } from "./places.ts";
import { specSchema } from "./spec-schema.ts";

/** One value of a spec, with all that the schemas say of it. The only reader of annotations knows no option by its name. */
export interface Site {
  readonly path: SpecPath;
  readonly value: JsonValue;
  /** The schema of the option; `null` where none reaches: a note, a component that is not known. */
  readonly schema: JsonObject | null;
  /** The mapping it stands in, where other options are that an annotation names. */
  readonly beside: JsonObject;
  /** A component stands here, or the name of a runner. */
  readonly place?: Place;
  /** Of a component: what its `type` names, where that is known. */
  readonly definition?: AnyDefinition;
  /** A variable here is no secret. */
  readonly isSetting: boolean;
  /** A score depends on it. */
  readonly scores: boolean;
}

/** A component of a spec whose type is known. */
export interface KnownComponent {
  readonly kind: Kind;
  readonly path: SpecPath;
  readonly config: JsonObject;
  readonly definition: AnyDefinition;
}

/** What a value has from what it is in. */
interface Surrounding {
  readonly beside: JsonObject;
  readonly isSetting: boolean;
  readonly scores: boolean;
  readonly inComponent: boolean;
}

interface Walked {
  readonly registry: Registry;
  readonly sites: Site[];
}

/** Every value of a spec, outer ones first; the components in it are gone into as far as the registry knows them. */
export function sitesOf(spec: JsonObject, registry: Registry): readonly Site[] {
  const around = { beside: spec, isSetting: false, scores: false, inComponent: false };
  const sites: Site[] = [];
  walk(asSchema(specSchema), spec, [], around, { registry, sites });
  const scoring = usedRunners(sites);
  return sites.map((site) => {
    const runner = runnerOf(site);
    return runner === undefined || scoring.has(runner) ? site : { ...site, scores: false };
  });
}

/** Adds a value and all in it. No generator: hundreds of `yield*` cost a short command a tenth of its time. */
function walk(schema: JsonObject | null, value: JsonValue, path: SpecPath, around: Surrounding, to: Walked): void {
  const reference = Array.isArray(value) ? undefined : annotation(schema, "$ref");
  const place = typeof reference === "string" ? kindOfReference(reference) : null;
  const definition = place && isJsonObject(value) ? definitionOf(place.kind, value, to.registry) : null;
  const scores = scoresHere(annotation(schema, "x-scores"), around);
  const isSetting = isSettingHere(schema, around);
  const { beside } = around;
  to.sites.push({
    path,
    value,
    schema,
    beside,
    scores,
    // The name of a runner.
    isSetting: isSetting || (place !== null && typeof value === "string"),
    ...(place ? { place } : {}),
    ...(definition ? { definition } : {}),
  });
  if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) {
      walk(inside(schema, null), item, [...path, String(index)], { ...around, scores, isSetting }, to);
    }
  } else if (isJsonObject(value)) {
    const within = { beside: value, scores, isSetting: isSetting && !place, inComponent: place !== null };
    const inner = { ...within, inComponent: within.inComponent || around.inComponent };
    const known: JsonObject | null = place ? (definition ? asSchema(definition.options) : null) : schema;
    for (const [key, item] of Object.entries(value)) {
      const at = [...path, key];
      if (place && key === "type") walk({}, item, at, { ...inner, isSetting: true }, to);
      else if (isNote(known, key) || (place && key.startsWith("x-")))
        walk(null, item, at, { ...inner, scores: false, isSetting: false }, to);
      else walk(inside(known, key), item, at, inner, to);
    }
  }
}

/** Sections of the spec say that scores depend on them; in a component everything does, unless its schema says no. */
function scoresHere(said: unknown, { scores, inComponent }: Surrounding): boolean {
  if (said === false) return false;
  return scores || (!inComponent && said !== undefined);
}

function isSettingHere(schema: JsonObject | null, { isSetting }: Surrounding): boolean {
  if (schema === null) return false;
  const said = annotation(schema, "x-secret");
  return said === undefined ? isSetting || annotation(schema, "x-path") !== undefined : said === false;
}

/** What a schema says under a keyword, itself or in all of its branches alike. */
function annotation(schema: JsonObject | null, keyword: string): JsonValue | undefined {
  if (schema === null) return undefined;
  if (Object.hasOwn(schema, keyword)) return schema[keyword];
  const [first, ...others] = branchesOf(schema).map((branch) => annotation(branch, keyword));
  if (keyword === "$ref") return [first, ...others].find((said) => said !== undefined);
  return others.every((said) => said === first) ? first : undefined;
}

/** The schema of what stands under a key, or in a list; `null` when nothing is known of it. */
function inside(schema: JsonObject | null, key: string | null): JsonObject | null {
  if (schema === null) return null;
  const { properties, additionalProperties, items } = schema;
  const named =
    key !== null && isJsonObject(properties) && Object.hasOwn(properties, key) ? properties[key] : undefined;
  const own = key === null ? items : (named ?? additionalProperties);
  const found = [own, ...branchesOf(schema).map((branch) => inside(branch, key))].filter(isJsonObject);
  return found.length > 1 ? { anyOf: found } : (found[0] ?? null);
}

function branchesOf({ anyOf }: JsonObject): readonly JsonObject[] {
  return Array.isArray(anyOf) ? anyOf.filter(isJsonObject) : [];
}

/** The runners by name that scores depend on: those an experimenter or an evaluator reaches, through others or not. */
function usedRunners(sites: readonly Site[]): ReadonlySet<string> {
  const named = sites.filter(({ place, scores }) => place?.kind === "runner" && scores);
  const used = new Set<string>();
  for (let before = -1; before < used.size; ) {
    before = used.size;
    for (const site of named) {
      const within = runnerOf(site);
      if (typeof site.value === "string" && (within === undefined || used.has(within))) used.add(site.value);
    }
  }
  return used;
}

/** Under `runners`: the name of the runner that this is part of; of all of them, none. */
function runnerOf({ path }: Site): string | undefined {
  return path[0] === "runners" ? (path[1] ?? "") : undefined;
}

/** Every component whose type is known, those inside others included, outer ones first. */
export function knownComponents(sites: readonly Site[]): readonly KnownComponent[] {
  return sites.flatMap(({ path, value, place, definition }) =>
    place && definition && isJsonObject(value) ? [{ kind: place.kind, path, config: value, definition }] : [],
  );
}

/** Looks up what stands at a path. */
export function siteLookup(sites: readonly Site[]): (path: SpecPath) => Site | undefined {
  const known = new Map(sites.map((site) => [placeKey(site.path), site]));
  return (path) => known.get(placeKey(path));
}

/** The option beside a value that an annotation of it names. */
export function besides({ beside }: Site, name: unknown): JsonValue | undefined {
  return typeof name === "string" && Object.hasOwn(beside, name) ? beside[name] : undefined;
}

/** An `x-` key among keys that AURA knows is a note of the user's; among names that users choose, it is one of these. */
function isNote(schema: JsonObject | null, key: string): boolean {
  return (
    key.startsWith("x-") && schema !== null && [schema, ...branchesOf(schema)].some((part) => "properties" in part)
  );
}

function asSchema(schema: unknown): JsonObject | null {
  return isJsonObject(schema) ? schema : null;
}
