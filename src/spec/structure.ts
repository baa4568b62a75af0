import { meantSearch } from "../components/builtins.ts";
import { type AnyDefinition, KINDS, type Kind } from "../kernel/define.ts";
import { messageOf } from "../kernel/errors.ts";
import type { Registry } from "../kernel/registry.ts";
import { isJsonObject, type JsonObject } from "../model/json.ts";
import type { Issue } from "../schema/issues.ts";
import { compileSchema, type Validator } from "../schema/validate.ts";
import {
  anKind,
  componentReferences,
  INNER_EXPECTED,
  isModulePath,
  ofOtherKind,
  optionsOf,
  placedSchema,
  withNotes,
} from "./components.ts";
import { type Finding, finding } from "./diagnostics.ts";
import { type SpecPath, valueAt } from "./places.ts";
import { type Site, sitesOf } from "./sites.ts";
import { specSchema } from "./spec-schema.ts";

/**
 * Everything about a spec that schemas and the components' own checks find wrong; fills defaults in place. Components
 * are checked one by one against their definitions, so that only schemas that are used are compiled and a mistake is
 * told in the words of the component it is in. A module that is not in the registry is not looked into.
 */
export function checkStructure(spec: JsonObject, registry: Registry): readonly Finding[] {
  const checker = createOptionsChecker(registry);
  const runners = isJsonObject(spec.runners) ? Object.keys(spec.runners) : [];
  const issuesAt = ({ place, path, value, definition }: Site): readonly Finding[] => {
    if (!place) return [];
    if (typeof value === "string" && place.kind === "runner" && !place.inline) return runnerName(value, path, runners);
    if (!isJsonObject(value)) return [];
    if (!definition) return unknownType(place.kind, path, value, registry);
    if (place.inner && !definition.given)
      return [finding([...path, "type"], `expected ${INNER_EXPECTED}: ${definition.type} runs no command`)];
    return checker(definition, value, place.inner).map((issue) => ({ ...issue, path: [...path, ...issue.path] }));
  };
  const top = compileSchema(withNotes(specSchema), componentReferences(registry))(spec);
  return [...top, ...sitesOf(spec, registry).flatMap(issuesAt)].map((found) => withGiven(inYaml(found), spec));
}

/** What a user meant as text and YAML does not take for text. */
function inYaml(found: Finding): Finding {
  const { insteadOfText: kind, message } = found;
  if (kind === undefined) return found;
  return { ...found, message: `${message}; YAML reads this as ${READ_AS[kind]}, so put it in quotes` };
}

const READ_AS = {
  number: "a number",
  boolean: "true or false",
  object: "a mapping, as a colon followed by a space makes one",
} as const;

/** Checks the options of one component, in a config with its `type`, and fills in their defaults. */
export type OptionsChecker = (definition: AnyDefinition, config: JsonObject, isInner?: boolean) => readonly Issue[];

/** A checker that compiles the schema of each definition once. */
export function createOptionsChecker(registry: Registry): OptionsChecker {
  const references = componentReferences(registry);
  const compiled = new Map<AnyDefinition, Validator>();
  return (definition, config, isInner = false) => {
    if (isInner) return compileSchema(placedSchema(definition, true), references)(config);
    const validate = compiled.get(definition) ?? compileSchema(placedSchema(definition), references);
    compiled.set(definition, validate);
    const issues = validate(config);
    return [...issues, ...ownIssues(definition, optionsOf(definition, config), issues)];
  };
}

function runnerName(name: string, path: SpecPath, runners: readonly string[]): readonly Finding[] {
  if (runners.includes(name)) return [];
  const known = runners.length === 0 ? "the spec has no `runners`" : `known: ${runners.join(", ")}`;
  return [
    finding(path, `there is no runner "${name}" under \`runners\`; ${known}`, { candidates: runners, given: name }),
  ];
}

function unknownType(kind: Kind, path: SpecPath, config: JsonObject, registry: Registry): readonly Finding[] {
  const types = registry.types(kind);
  if (isModulePath(config.type)) return [];
  if (config.type === undefined) {
    return [finding(path, `missing key "type": which ${kind}; one of ${types.join(", ")}`, { about: "missing" })];
  }
  const at = [...path, "type"];
  if (typeof config.type !== "string")
    return [finding(at, `expected the type of ${anKind(kind)}: one of ${types.join(", ")}`)];
  if (/\.[cm]?[jt]s$/.test(config.type)) {
    return [finding(at, `a module of your own is given by a path that begins with ./: write ./${config.type}`)];
  }
  const other = KINDS.find((one) => registry.types(one).includes(String(config.type)));
  if (other !== undefined) return [finding(at, `${ofOtherKind(config.type, other, kind)}; known: ${types.join(", ")}`)];
  const method = kind === "researcher" ? meantSearch(config.type) : null;
  if (method !== null)
    return [finding(at, `${method} is a method of search: write { type: search, method: ${method} }`)];
  const message = `unknown ${kind} type "${config.type}"; known: ${types.join(", ")}`;
  return [finding(at, message, { candidates: types, given: config.type })];
}

/** The word a user wrote where one of a few was expected. */
function withGiven(found: Finding, spec: JsonObject): Finding {
  if (found.given !== undefined || found.about !== "value" || found.candidates.length === 0) return found;
  const given = valueAt(spec, found.path);
  return typeof given === "string" ? { ...found, given } : found;
}

/**
 * What a definition's own check finds wrong with its options. Where the schema has found `issues`, they are not all that
 * the check may rely on: what it then says of what is faulty, or that it fails, is passed over.
 */
function ownIssues(definition: AnyDefinition, options: JsonObject, issues: readonly Issue[]): readonly Issue[] {
  let given = options;
  const faulty = new Set<string>();
  for (const { path, missing } of issues) {
    const [option = missing, entry] = path;
    if (option === undefined) continue;
    const value = given[option];
    const isEntry = isJsonObject(value) && "additionalProperties" in (definition.options.properties[option] ?? {});
    faulty.add(isEntry && entry !== undefined && Object.keys(value).length > 1 ? entry : option);
    // A missing key is taken to be as in the example; a faulty entry whose name users choose is left out.
    if (isEntry) given = { ...given, [option]: without(value, entry) };
    else if (path.length === 0 && isJsonObject(definition.example)) given = { ...definition.example, ...given };
  }
  try {
    // The options have just been validated by the definition's own schema, from which their type was read.
    const found = definition.check?.(given as never) ?? [];
    return found
      .map(({ path, message }) => finding(ownPath(given, path), message))
      .filter(({ path }) => issues.length === 0 || (path.length > 0 && !path.some((key) => faulty.has(key))));
  } catch (thrown) {
    if (issues.length > 0) return [];
    return [finding([], `the check of ${definition.type} failed: ${messageOf(thrown)}`)];
  }
}

function without(value: JsonObject, name: string | undefined): JsonObject {
  return Object.fromEntries(Object.entries(value).filter(([key]) => key !== name));
}

/** The keys of a dotted option path: names that hold dots themselves are found by what is there. */
function ownPath(value: unknown, path: string): SpecPath {
  if (path === "") return [];
  const present = typeof value === "object" && value !== null ? Object.entries(value) : [];
  const known = present.filter(([name]) => path === name || path.startsWith(`${name}.`));
  const [key, inner] = known.sort(([a], [b]) => b.length - a.length)[0] ?? [path.split(".")[0] ?? path, undefined];
  return [key, ...ownPath(inner, path.slice(key.length + 1))];
}
