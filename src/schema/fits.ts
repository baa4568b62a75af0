import { isJsonObject, type JsonObject } from "../model/json.ts";
import type { HouseSchema, UnionSchema } from "./dialect.ts";
import type { Infer } from "./infer.ts";

/*
 * Whether data fits a schema, without the schema compiler: loading that takes longer than reading a workspace does.
 * Knows the part of the dialect that records and options are written in, but not what a reference stands for.
 */

export function fits<const S extends HouseSchema>(value: unknown, schema: S): value is Infer<S> {
  return misfit(value, schema) === null;
}

/** The first thing that does not fit, as `<place> must be …`; `null` when all does. */
export function misfit(value: unknown, schema: HouseSchema, path = ""): string | null {
  if ("x-any" in schema) return null;
  if ("anyOf" in schema) return misfitOfUnion(value, schema, path);
  if ("const" in schema) return value === schema.const ? null : must(path, `be ${JSON.stringify(schema.const)}`);
  if ("enum" in schema) {
    const known: readonly unknown[] = schema.enum;
    return known.includes(value) ? null : must(path, `be one of ${JSON.stringify(known)}`);
  }
  if (!("type" in schema)) throw new TypeError("what a reference stands for is not known here");
  switch (schema.type) {
    case "object":
      return isJsonObject(value) ? misfitOfObject(value, schema, path) : must(path, "be object");
    case "array":
      if (!Array.isArray(value)) return must(path, "be array");
      if (value.length === 0 && schema.minItems !== undefined) return must(path, "not be empty");
      return firstOf(value, (item, at) => misfit(item, schema.items, `${path}.${at}`));
    case "string":
      if (typeof value !== "string") return must(path, "be string");
      if (value.length < (schema.minLength ?? 0)) return must(path, "not be empty");
      return misfitOfText(value, schema, path);
    case "number":
    case "integer": {
      const isOne = schema.type === "integer" ? Number.isInteger(value) : Number.isFinite(value);
      return typeof value === "number" && isOne ? misfitOfNumber(value, schema, path) : must(path, `be ${schema.type}`);
    }
    case "boolean":
      return typeof value === "boolean" ? null : must(path, "be boolean");
    case "null":
      return value === null ? null : must(path, "be null");
    default:
      if (typeof value === "string") return misfitOfText(value, schema, path);
      return Number.isFinite(value) ? misfitOfNumber(Number(value), schema, path) : must(path, "be number or string");
  }
}

function misfitOfText(value: string, { pattern }: { readonly pattern?: string }, path: string): string | null {
  return pattern === undefined || new RegExp(pattern, "u").test(value) ? null : must(path, `match ${pattern}`);
}

interface Bounds {
  readonly minimum?: number;
  readonly exclusiveMinimum?: number;
  readonly maximum?: number;
}

function misfitOfNumber(value: number, bounds: Bounds, path: string): string | null {
  const { minimum = value, exclusiveMinimum = Number.NEGATIVE_INFINITY, maximum = value } = bounds;
  if (value < minimum) return must(path, `be >= ${minimum}`);
  if (value <= exclusiveMinimum) return must(path, `be > ${exclusiveMinimum}`);
  return value > maximum ? must(path, `be <= ${maximum}`) : null;
}

type AnyObject = Extract<HouseSchema, { readonly type: "object" }>;

function misfitOfObject(value: JsonObject, schema: AnyObject, path: string): string | null {
  const {
    properties = {},
    required = [],
    additionalProperties: others,
    propertyNames,
  }: Partial<AnyObjectParts> = schema;
  const missing = required.find((key) => value[key] === undefined);
  if (missing !== undefined) return must(path, `have ${JSON.stringify(missing)}`);
  return firstOf(Object.entries(value), ([key, inner]) => {
    const known = Object.hasOwn(properties, key) ? properties[key] : others;
    const isNamed = propertyNames === undefined || new RegExp(propertyNames.pattern, "u").test(key);
    if (!known || !isNamed) return must(path, `not have ${JSON.stringify(key)}`);
    return inner === undefined ? null : misfit(inner, known, `${path}.${key}`);
  });
}

interface AnyObjectParts {
  readonly properties: { readonly [key: string]: HouseSchema };
  readonly required: readonly string[];
  readonly additionalProperties: HouseSchema | false;
  readonly propertyNames: { readonly pattern: string };
}

/** Of members told apart by their `state` or `status` the one that is meant says what is wrong. */
function misfitOfUnion(value: unknown, { anyOf }: UnionSchema, path: string): string | null {
  const tag = ["state", "status"].find((key) => anyOf.every((member) => tagOf(member, key)));
  if (tag === undefined) {
    return anyOf.some((member) => misfit(value, member) === null) ? null : `${place(path)} is none of what it may be`;
  }
  if (!isJsonObject(value)) return must(path, "be object");
  const meant = anyOf.find((member) => misfit(value[tag], tagOf(member, tag) ?? member) === null);
  if (meant !== undefined) return misfit(value, meant, path);
  return `${place(path)} has ${JSON.stringify(value[tag])} as ${JSON.stringify(tag)}, which is none`;
}

function tagOf(member: HouseSchema, key: string): HouseSchema | undefined {
  const tag = "properties" in member ? member.properties[key] : undefined;
  return tag && ("const" in tag || "enum" in tag) ? tag : undefined;
}

function firstOf<T>(items: readonly T[], look: (item: T, at: number) => string | null): string | null {
  for (const [at, item] of items.entries()) {
    const found = look(item, at);
    if (found !== null) return found;
  }
  return null;
}

function must(path: string, be: string): string {
  return `${place(path)} must ${be}`;
}

function place(path: string): string {
  return path === "" ? "the record" : path.slice(1);
}
