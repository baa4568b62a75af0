import { spaceSchema } from "../src/components/space/space.ts";
import { type AnyDefinition, KINDS, type Kind } from "../src/kernel/define.ts";
import type { Registry } from "../src/kernel/registry.ts";
import { defined, type JsonObject, type JsonValue } from "../src/model/json.ts";
import { printableSchema } from "../src/schema/printable.ts";
import { INNER_EXECUTOR, placedSchema, withNotes } from "../src/spec/components.ts";
import { specSchema } from "../src/spec/spec-schema.ts";

const MODULE_PATH = "^(\\.{1,2}/|/)";
/** A variable may stand where the schema wants a number, a truth value or one of a few words. */
const VARIABLE = { type: "string", pattern: "^\\$\\{[A-Za-z_][A-Za-z0-9_]*(:-[^{}]*)?\\}$" };

/**
 * The JSON Schema (draft-07) of a whole spec for editors and other tools, from the same definitions that check specs
 * at run time. Components of a kind are told apart by the `const` of their `type`.
 */
export function publishedSpecSchema(registry: Registry): JsonObject {
  const kinds = KINDS.filter((kind) => registry.list(kind).length > 0);
  const defs = kinds.map((kind) => [kind, reference(kind, registry)] as const);
  const top = withVariables(printableSchema(withNotes(specSchema)));
  const properties = isSchema(top.properties) ? withShortForms(top.properties) : {};
  return {
    $schema: "http://json-schema.org/draft-07/schema#",
    title: "AURA run spec",
    ...top,
    properties,
    $defs: {
      ...Object.fromEntries(defs),
      inlineRunner: inline("runner", registry),
      [INNER_EXECUTOR]: inline("executor", registry, true),
    },
  };
}

/** The keys with the short ways to write them: see `shorthands.ts`. */
function withShortForms({ metric = {}, researcher = {}, ...rest }: JsonObject): JsonObject {
  const short = (word: string, full: JsonValue): JsonObject => ({
    ...(isSchema(full) ? defined({ description: full.description }) : {}),
    anyOf: [{ type: "string", description: word }, full],
  });
  const space = {
    ...withVariables(printableSchema(spaceSchema)),
    description: "What the researcher may choose: its `space`.",
  };
  return {
    ...rest,
    metric: short("Its name alone.", metric),
    researcher: short("Its type, or the method of a search.", researcher),
    space,
  };
}

function reference(kind: Kind, registry: Registry): JsonObject {
  if (kind !== "runner") return inline(kind, registry);
  const name = { type: "string", description: "Name of a runner under `runners`." };
  return { anyOf: [name, { $ref: "#/$defs/inlineRunner" }] };
}

/** A component of a kind: one of the registered ones, or a user's own module, whose options only it knows. */
function inline(kind: Kind, registry: Registry, isInner = false): JsonObject {
  const known = registry.list(kind).filter(({ given }) => !isInner || given !== undefined);
  return {
    type: "object",
    required: ["type"],
    if: { properties: { type: { type: "string", pattern: MODULE_PATH } }, required: ["type"] },
    else: {
      discriminator: { propertyName: "type" },
      oneOf: known.map((definition) => branch(definition, isInner)),
    },
  };
}

function branch(definition: AnyDefinition, isInner: boolean): JsonObject {
  const { type, aliases = [], summary } = definition;
  const schema = withVariables(printableSchema(placedSchema(definition, isInner)));
  const { properties } = schema;
  const tag = aliases.length === 0 ? { const: type } : { enum: [type, ...aliases] };
  return {
    title: type,
    description: summary,
    ...schema,
    properties: { ...(typeof properties === "object" ? properties : {}), type: { ...tag, description: summary } },
  };
}

/** The schema with a variable allowed wherever a scalar other than text is asked for. */
function withVariables(schema: JsonObject): JsonObject {
  const { type, description } = schema;
  const isScalar = type === "number" || type === "integer" || type === "boolean" || "enum" in schema;
  if (isScalar) {
    const { description: _description, default: fallback, ...rest } = schema;
    return {
      ...defined({ description, default: fallback }),
      anyOf: [rest, VARIABLE],
    };
  }
  if (Array.isArray(type) && typeof schema.pattern === "string") {
    return { ...schema, pattern: `${schema.pattern}|${VARIABLE.pattern}` };
  }
  return Object.fromEntries(Object.entries(schema).map(([keyword, value]) => [keyword, inside(keyword, value)]));
}

function inside(keyword: string, value: JsonObject[string]): JsonObject[string] {
  const each = (part: JsonObject[string]): JsonObject[string] => (isSchema(part) ? withVariables(part) : part);
  if (keyword === "properties" && isSchema(value)) {
    // A `type` tells the branches of a union apart, so it has to be what it says.
    return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, name === "type" ? part : each(part)]));
  }
  if (keyword === "items" || keyword === "additionalProperties") return each(value);
  return keyword === "anyOf" && Array.isArray(value) ? value.map(each) : value;
}

function isSchema(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
