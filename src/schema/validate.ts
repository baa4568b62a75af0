import { Ajv, type ErrorObject, type Options } from "ajv";
import { isJsonObject, type JsonObject, type JsonValue } from "../model/json.ts";
import type { HouseSchema } from "./dialect.ts";
import { type Issue, issuesOf, type RawError } from "./issues.ts";

/** Checks data against one schema, fills its defaults into the data in place, and tells everything that is wrong. */
export type Validator = (data: unknown) => readonly Issue[];

/**
 * What a `$ref` of a schema stands for, by the name after `#/$defs/`; `x-expected` words what belongs there.
 * A reference that is not listed accepts anything.
 */
export type References = Readonly<Record<string, JsonObject>>;

const HOUSE_OPTIONS: Options = {
  allErrors: true,
  verbose: true,
  strict: true,
  strictTypes: false,
  useDefaults: true,
  meta: false,
  validateSchema: false,
  logger: false,
  // What is compiled is run once or twice: shortening it first takes longer than it saves.
  code: { optimize: false },
};
const HOUSE_KEYWORDS = [
  ...["x-any", "x-unit", "x-expected", "x-path", "x-module", "x-command", "x-secret", "x-scores", "x-space"],
  ...["x-cost", "x-artifacts", "x-copy", "x-variables", "x-unless"],
] as const;

/** Compiles a schema of AURA's dialect. Throws when the schema itself is malformed. */
export function compileSchema(schema: HouseSchema, references: References = {}): Validator {
  const ajv = new Ajv(HOUSE_OPTIONS);
  for (const keyword of HOUSE_KEYWORDS) ajv.addKeyword(keyword);
  const compile = (part: JsonObject) => {
    const check = ajv.compile(part);
    return (data: unknown): readonly RawError[] => (check(data) ? [] : (check.errors ?? []).map(rawError));
  };
  const check = compile(inlined(schema, references));
  return (data) => issuesOf(check(data), compile);
}

/**
 * Compiles a JSON Schema that a user wrote, to a function that says what is wrong with a value, one sentence each.
 * Throws `TypeError` with the reason when it is not a schema.
 */
export function compileUserSchema(schema: JsonObject): (value: JsonValue) => readonly string[] {
  const { $schema: _dialect, $async: _async, ...rest } = schema;
  const ajv = new Ajv({ allErrors: true, strict: false, validateFormats: false, logger: false });
  try {
    const check = ajv.compile(rest);
    return (value) => (check(value) ? [] : (check.errors ?? []).map(sentence));
  } catch (thrown) {
    throw new TypeError(`not a JSON schema: ${thrown instanceof Error ? thrown.message : String(thrown)}`);
  }
}

function sentence(error: ErrorObject): string {
  const where = error.instancePath === "" ? "the value" : error.instancePath.slice(1).replaceAll("/", ".");
  const extra = typeof error.params.additionalProperty === "string" ? ` ("${error.params.additionalProperty}")` : "";
  const allowed = Array.isArray(error.params.allowedValues) ? `: ${JSON.stringify(error.params.allowedValues)}` : "";
  return `${where} ${error.message ?? error.keyword}${extra}${allowed}`;
}

function rawError(error: ErrorObject): RawError {
  const { keyword, instancePath, data, propertyName } = error;
  return {
    keyword,
    instancePath,
    data,
    params: error.params,
    schema: error.parentSchema ?? {},
    ...(propertyName === undefined ? {} : { propertyName }),
  };
}

/** The schema with every `$ref` replaced by what it stands for. */
function inlined(schema: unknown, references: References): JsonObject {
  if (!isJsonObject(schema)) return {};
  const name = schema.$ref;
  if (typeof name === "string") return references[name.replace("#/$defs/", "")] ?? { "x-any": true };
  const each = (value: JsonValue): JsonValue => {
    if (Array.isArray(value)) return value.map(each);
    return isJsonObject(value) ? inlined(value, references) : value;
  };
  return Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, each(value)]));
}
