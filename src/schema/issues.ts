import { isJsonObject, type JsonObject } from "../model/json.ts";
import { admits, describeSchema } from "./describe.ts";

/** One thing that is wrong with some data, in words for people. */
export interface Issue {
  readonly path: readonly string[];
  /** What is wrong or was expected. Never quotes the data's values, only keys. */
  readonly message: string;
  /** `missing`: something that belongs under `path` is not there; `key`: the last key of `path` is wrong; else its value. */
  readonly about: "value" | "key" | "missing";
  /** Names that would have been valid there. */
  readonly candidates: readonly string[];
  /** The key that is missing. */
  readonly missing?: string;
  /** Text belongs here, and this stands in its place. */
  readonly insteadOfText?: "number" | "boolean" | "object";
}

/** What is used of an Ajv error. */
export interface RawError {
  readonly keyword: string;
  readonly instancePath: string;
  readonly data: unknown;
  readonly params: Readonly<Record<string, unknown>>;
  /** The schema that the failed keyword is in. */
  readonly schema: object;
  readonly propertyName?: string;
}

/** Gives a function that checks data against a part of the schema. */
export type CompilePart = (schema: JsonObject) => (data: unknown) => readonly RawError[];

/** Turns Ajv's errors into issues, one for each mistake: the branches of a union are reduced to the one that was meant. */
export function issuesOf(errors: readonly RawError[], compile: CompilePart): readonly Issue[] {
  const unions = errors.filter(({ keyword }) => keyword === "anyOf");
  const outermost = unions.filter(
    (union, at) =>
      !unions.some((other, index) => index !== at && encloses(other, union) && (!encloses(union, other) || index > at)),
  );
  // An error under the name of a property comes with a `propertyNames` error that says the same.
  const own = errors.filter((error) => !unions.includes(error) && error.propertyName === undefined);
  const plain = own.filter((error) => !outermost.some((union) => encloses(union, error)));
  return distinct([...plain.map(issue), ...outermost.flatMap((union) => unionIssues(union, compile))]);
}

/** Two limits that one value breaks, such as a pattern and a length, read the same. */
function distinct(issues: readonly Issue[]): readonly Issue[] {
  const seen = new Map(issues.map((found) => [`${found.path.join("\n")}\t${found.message}`, found]));
  return [...seen.values()];
}

function encloses(outer: RawError, inner: RawError): boolean {
  return inner.instancePath === outer.instancePath || inner.instancePath.startsWith(`${outer.instancePath}/`);
}

function unionIssues(error: RawError, compile: CompilePart): readonly Issue[] {
  const branches = branchesOf(error.schema);
  const path = pathOf(error.instancePath);
  const tag = commonTag(branches);
  if (tag && isJsonObject(error.data)) {
    const value = error.data[tag.key];
    const meant = branches[tag.values.findIndex((values) => values.some((known) => known === value))];
    if (meant) return inside(meant, error, compile);
    const names = tag.values.flat().map(String);
    return value === undefined
      ? [
          {
            path,
            message: `missing key "${tag.key}": ${oneOf(names)}`,
            about: "missing",
            candidates: [],
            missing: tag.key,
          },
        ]
      : [{ path: [...path, tag.key], message: `expected ${oneOf(names)}`, about: "value", candidates: names }];
  }
  const plausible = branches.filter((branch) => admits(branch, error.data));
  const explained = plausible.map((branch) => inside(branch, error, compile));
  const [first, ...others] = explained.filter((issues) => issues.length > 0);
  if (first) return others.reduce((best, issues) => (issues.length < best.length ? issues : best), first);
  return [
    {
      path,
      message: `expected ${describeSchema(error.schema)}`,
      about: "value",
      candidates: [],
      ...insteadOfText(branches, error.data),
    },
  ];
}

/** Whether text was expected, and a number, a truth value or an object of one key is there. */
function insteadOfText(schemas: readonly object[], data: unknown): Pick<Issue, "insteadOfText"> {
  const isText = schemas.some((schema) => "type" in schema && schema.type === "string");
  const takesNumbers = schemas.some((schema) => "type" in schema && /^(?:number|integer)$/.test(String(schema.type)));
  if (!isText || takesNumbers) return {};
  if (isJsonObject(data)) return Object.keys(data).length === 1 ? { insteadOfText: "object" } : {};
  const kind = typeof data;
  return kind === "number" || kind === "boolean" ? { insteadOfText: kind } : {};
}

function inside(branch: JsonObject, error: RawError, compile: CompilePart): readonly Issue[] {
  const path = pathOf(error.instancePath);
  const copy = structuredClone(error.data);
  return issuesOf(compile(branch)(copy), compile).map((found) => ({ ...found, path: [...path, ...found.path] }));
}

function branchesOf(schema: object): readonly JsonObject[] {
  return "anyOf" in schema && Array.isArray(schema.anyOf) ? schema.anyOf.filter(isJsonObject) : [];
}

/** The property by which the branches of a union of objects tell each other apart, and its values branch by branch. */
function commonTag(branches: readonly JsonObject[]) {
  const keys = Object.keys(propertiesOf(branches[0]));
  for (const key of keys) {
    const values = branches.map((branch) => fixedValues(propertiesOf(branch)[key]));
    if (values.every((list) => list.length > 0)) return { key, values };
  }
  return null;
}

function propertiesOf(schema: unknown): JsonObject {
  if (!isJsonObject(schema)) return {};
  const properties = schema.properties;
  return isJsonObject(properties) ? properties : {};
}

function fixedValues(schema: unknown): readonly unknown[] {
  if (!isJsonObject(schema)) return [];
  if ("const" in schema) return [schema.const];
  return Array.isArray(schema.enum) ? schema.enum : [];
}

function issue(error: RawError): Issue {
  const path = pathOf(error.instancePath);
  const { params, schema } = error;
  switch (error.keyword) {
    case "additionalProperties": {
      const key = String(params.additionalProperty);
      const candidates = Object.keys(propertiesOf(schema));
      return { path: [...path, key], message: `unknown key "${key}"`, about: "key", candidates };
    }
    case "required": {
      const missing = String(params.missingProperty);
      return { path, message: `missing key "${missing}"`, about: "missing", candidates: [], missing };
    }
    case "propertyNames": {
      const key = String(params.propertyName);
      const allowed = "propertyNames" in schema ? describeSchema(withText(schema.propertyNames)) : "another name";
      const message = `"${key}" cannot be a name here; expected ${allowed}`;
      return { path: [...path, key], message, about: "key", candidates: [] };
    }
    case "enum": {
      const names = Array.isArray(params.allowedValues) ? params.allowedValues.map(String) : [];
      return { path, message: `expected ${oneOf(names)}`, about: "value", candidates: names };
    }
    case "uniqueItems":
      return { path, message: "an entry is there twice", about: "value", candidates: [] };
    default: {
      const message = `expected ${describeSchema(schema)}`;
      return { path, message, about: "value", candidates: [], ...insteadOfText([schema], error.data) };
    }
  }
}

/** Names are text, whether or not their schema says so. */
function withText(names: unknown): JsonObject {
  return isJsonObject(names) ? { type: "string", ...names } : {};
}

function oneOf(names: readonly string[]): string {
  return names.length === 1 ? `${names[0]}` : `one of ${names.join(", ")}`;
}

function pathOf(pointer: string): readonly string[] {
  return pointer
    .split("/")
    .slice(1)
    .map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"));
}
