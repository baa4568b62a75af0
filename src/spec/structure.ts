import type { AnyDefinition, Kind } from "../kernel/define.ts";
import { messageOf } from "../kernel/errors.ts";
import type { Registry } from "../kernel/registry.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "../model/json.ts";
import type { ObjectSchema } from "../schema/dialect.ts";
import type { Issue } from "../schema/issues.ts";
import { compileSchema, type Validator } from "../schema/validate.ts";
import { anKind, componentReferences, isModulePath, optionsOf, placedSchema, withNotes } from "./components.ts";
import { type Finding, finding } from "./diagnostics.ts";
import { placeKey, type SpecPath } from "./places.ts";
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
    return checker(definition, value).map((issue) => ({ ...issue, path: [...path, ...issue.path] }));
  };
  const top = compileSchema(withNotes(specSchema), componentReferences(registry))(spec);
  return [...top, ...sitesOf(spec, registry).flatMap(issuesAt)].map((found) => withGiven(inYaml(found), spec));
}

/** What a user meant as text and YAML does not take for text. */
function inYaml(found: Finding): Finding {
  const { insteadOfText: kind, message } = found;
  if (kind === undefined) return found;
  const read = kind === "number" ? "a number" : "true or false";
  return { ...found, message: `${message}; YAML reads this as ${read}, so put it in quotes` };
}

/** Checks the options of one component, in a config with its `type`, and fills in their defaults. */
export type OptionsChecker = (definition: AnyDefinition, config: JsonObject) => readonly Issue[];

/** A checker that compiles the schema of each definition once. */
export function createOptionsChecker(registry: Registry): OptionsChecker {
  const references = componentReferences(registry);
  const compiled = new Map<AnyDefinition, Validator>();
  return (definition, config) => {
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
  const message = `unknown ${kind} type "${config.type}"; known: ${types.join(", ")}`;
  return [finding(at, message, { candidates: types, given: config.type })];
}

/** The word a user wrote where one of a few was expected. */
function withGiven(found: Finding, spec: JsonObject): Finding {
  if (found.given !== undefined || found.about !== "value" || found.candidates.length === 0) return found;
  let current: unknown = spec;
  for (const key of found.path) {
    current = isJsonObject(current) ? current[key] : Array.isArray(current) ? current[Number(key)] : undefined;
  }
  return typeof current === "string" ? { ...found, given: current } : found;
}

/**
 * What a definition's own check finds wrong with its options. Where the schema has found `issues`, what they are about is
 * left out, and of the rest only that is told which is wrong whatever would stand there.
 */
function ownIssues(definition: AnyDefinition, options: JsonObject, issues: readonly Issue[]): readonly Issue[] {
  if (!definition.check) return [];
  if (issues.length === 0) return checked(definition, options);
  const faulty = faultyParts(definition.options.properties, options, issues);
  const rounds = standIns(definition, options, faulty).map((round) => checkedOrNull(definition, round));
  const names = new Set(faulty.entries.map(({ name }) => name));
  const [first = [], ...others] = rounds.flatMap((found) => (found === null ? [] : [found]));
  return first.filter(
    (issue) =>
      !faulty.options.has(issue.path[0] ?? "") &&
      // What is said of a name that was taken out may be so only because of that.
      !issue.path.some((key) => names.has(key)) &&
      others.every((found) => found.some((other) => isSame(other, issue))),
  );
}

/** What the schema has found fault with: whole options, and entries of options whose keys the user chooses. */
interface FaultyParts {
  readonly options: ReadonlySet<string>;
  readonly entries: readonly { readonly option: string; readonly name: string }[];
}

function faultyParts(properties: ObjectSchema["properties"], given: JsonObject, issues: readonly Issue[]): FaultyParts {
  const options = new Set<string>();
  const entries: { option: string; name: string }[] = [];
  for (const { path, missing } of issues) {
    const [option = missing, name] = path;
    if (option === undefined) continue;
    if (name !== undefined && isMap(properties[option])) entries.push({ option, name });
    else options.add(option);
  }
  for (const option of new Set(entries.map((entry) => entry.option))) {
    const gone = new Set(entries.filter((entry) => entry.option === option).map(({ name }) => name));
    const value = given[option];
    if (isJsonObject(value) && Object.keys(value).every((key) => gone.has(key))) options.add(option);
  }
  return { options, entries };
}

function isMap(schema: unknown): boolean {
  return isJsonObject(schema) && isJsonObject(schema.additionalProperties);
}

/** The options without what is faulty, several times over: with all that may stand for a faulty option in turn. */
function standIns(definition: AnyDefinition, options: JsonObject, faulty: FaultyParts): readonly JsonObject[] {
  const sound = Object.entries(options)
    .filter(([option]) => !faulty.options.has(option))
    .map(([option, value]): [string, JsonValue] => [option, withoutEntries(option, value, faulty)]);
  const instead = [...faulty.options].map((option) => ({ option, values: valuesFor(definition, option) }));
  const rounds = instead.reduce((most, { values }) => Math.max(most, values.length), 1);
  return Array.from({ length: rounds }, (_, round) => {
    const filled = instead.flatMap(({ option, values }): [string, JsonValue][] => {
      const value = values[round % values.length];
      return value === undefined ? [] : [[option, value]];
    });
    return Object.fromEntries([...sound, ...filled]);
  });
}

function withoutEntries(option: string, value: JsonValue, { entries }: FaultyParts): JsonValue {
  const gone = new Set(entries.filter((entry) => entry.option === option).map(({ name }) => name));
  if (gone.size === 0 || !isJsonObject(value)) return value;
  return Object.fromEntries(Object.entries(value).filter(([key]) => !gone.has(key)));
}

/** A number as far from the least as one is likely to be meant. */
const MANY = 1000;

/** What may stand for an option; `undefined`: it is not given. */
function valuesFor({ options, example }: AnyDefinition, option: string): readonly (JsonValue | undefined)[] {
  const schema: unknown = options.properties[option];
  if (!isJsonObject(schema)) return [undefined];
  if (schema.type === "boolean") return [true, false];
  if (Array.isArray(schema.enum)) return schema.enum;
  const shown = isJsonObject(example) ? example[option] : undefined;
  const { minimum = 0, maximum = MANY } = schema;
  const isNumber = schema.type === "integer" || schema.type === "number";
  const known = [schema.default, shown, ...(isNumber ? [minimum, maximum] : [])].filter((value) => value !== undefined);
  return options.required?.includes(option) ? known : [undefined, ...known];
}

function checked(definition: AnyDefinition, options: JsonObject): readonly Issue[] {
  try {
    return issuesOf(definition, options);
  } catch (thrown) {
    return [finding([], `the check of ${definition.type} failed: ${messageOf(thrown)}`)];
  }
}

/** `null` when the check cannot do with what it is given, which is not all that it may rely on. */
function checkedOrNull(definition: AnyDefinition, options: JsonObject): readonly Issue[] | null {
  try {
    return issuesOf(definition, options);
  } catch {
    return null;
  }
}

function issuesOf(definition: AnyDefinition, options: JsonObject): readonly Issue[] {
  // The options have just been validated by the definition's own schema, from which their type was read.
  const found = definition.check?.(options as never) ?? [];
  return found.map(({ path, message }) => finding(ownPath(options, path), message));
}

function isSame(one: Issue, other: Issue): boolean {
  return one.message === other.message && placeKey(one.path) === placeKey(other.path);
}

/** The keys of a dotted option path: names that hold dots themselves are found by what is there. */
function ownPath(value: unknown, path: string): SpecPath {
  if (path === "") return [];
  const present = typeof value === "object" && value !== null ? Object.entries(value) : [];
  const known = present.filter(([name]) => path === name || path.startsWith(`${name}.`));
  const [key, inner] = known.sort(([a], [b]) => b.length - a.length)[0] ?? [path.split(".")[0] ?? path, undefined];
  return [key, ...ownPath(inner, path.slice(key.length + 1))];
}
