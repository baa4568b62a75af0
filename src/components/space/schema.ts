import type { DeclaredParameters, ParameterNames } from "../../model/hypothesis.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "../../model/json.ts";
import { ANY, type ObjectSchema, type RecordSchema } from "../../schema/dialect.ts";
import type { Infer } from "../../schema/infer.ts";

/** Names a parameter may have: what a `{placeholder}` of a command can spell. */
export const PARAMETER_NAME = "^[A-Za-z_][A-Za-z0-9_.-]{0,63}$";

const WHEN = {
  type: "object",
  additionalProperties: ANY,
  description:
    "The parameter exists only when each named parameter has the given value, or one of a list of values: `{ opt: sgd }`.",
} as const satisfies RecordSchema;
const LOG = {
  type: "boolean",
  description: "Search on a logarithmic scale; `low` must be above 0. Default false.",
} as const;

const float = {
  type: "object",
  description: "A real number from `low` to `high`, both included.",
  properties: {
    type: { const: "float" },
    low: { type: "number" },
    high: { type: "number" },
    log: LOG,
    step: { type: "number", exclusiveMinimum: 0, description: "Only `low + k * step`. Default: any number." },
    when: WHEN,
  },
  required: ["type", "low", "high"],
  additionalProperties: false,
} as const satisfies ObjectSchema;

const int = {
  ...float,
  description: "A whole number from `low` to `high`, both included.",
  properties: {
    ...float.properties,
    type: { const: "int" },
    low: { type: "integer" },
    high: { type: "integer" },
    step: { type: "integer", exclusiveMinimum: 0, description: "Only `low + k * step`. Default 1." },
  },
} as const satisfies ObjectSchema;

const categorical = {
  type: "object",
  description: "One of the listed values, which may be any JSON.",
  properties: {
    type: { const: "categorical" },
    choices: { type: "array", items: ANY, minItems: 1 },
    when: WHEN,
  },
  required: ["type", "choices"],
  additionalProperties: false,
} as const satisfies ObjectSchema;

/** Schema of a search space: parameters by name. */
export const spaceSchema = {
  type: "object",
  "x-space": true,
  "x-secret": false,
  description: "The search space: what each parameter of a proposal may be.",
  additionalProperties: { anyOf: [float, int, categorical] },
  propertyNames: {
    pattern: PARAMETER_NAME,
    "x-expected": "a letter or `_` first, then letters, digits, `_`, `-` and `.`",
  },
} as const satisfies RecordSchema;

/** A search space as written in a spec or in code. */
export type SpaceOptions = Infer<typeof spaceSchema>;
/** One parameter as written in a spec or in code. */
export type ParameterOptions = SpaceOptions[string];

/**
 * What a space, and the schema of hypotheses, say that parameters can be. Either as it is written, which may not be
 * sound: what is not understood is not declared.
 */
export function declaredParameters(space?: JsonValue, hypothesisSchema?: JsonValue): DeclaredParameters {
  const properties = isJsonObject(hypothesisSchema) ? hypothesisSchema.properties : undefined;
  return { ...declaredIn(properties, schemaDomain), ...declaredIn(space, spaceDomain) };
}

/** What a space, or else the schema of hypotheses, says that parameters are called. Either as it is written, as above. */
export function parameterNames(space?: JsonValue, hypothesisSchema?: JsonValue): ParameterNames {
  if (isJsonObject(space)) return { names: Object.keys(space), areAll: true };
  const { properties, patternProperties, additionalProperties } = isJsonObject(hypothesisSchema)
    ? hypothesisSchema
    : {};
  const names = isJsonObject(properties) ? Object.keys(properties) : [];
  return { names, areAll: additionalProperties === false && patternProperties === undefined };
}

type Domain = DeclaredParameters[string];

function declaredIn(given: JsonValue | undefined, domain: (of: JsonObject) => Domain | null): DeclaredParameters {
  const entries = Object.entries(isJsonObject(given) ? given : {}).flatMap(([name, value]): [string, Domain][] => {
    const found = isJsonObject(value) ? domain(value) : null;
    return found === null ? [] : [[name, found]];
  });
  return Object.fromEntries(entries);
}

function spaceDomain({ type, choices }: JsonObject): Domain | null {
  if (type === "float" || type === "int") return "number";
  return Array.isArray(choices) ? choices : null;
}

function schemaDomain(schema: JsonObject): Domain | null {
  if (schema.type === "number" || schema.type === "integer") return "number";
  if (schema.type === "boolean") return [true, false];
  if (Array.isArray(schema.enum)) return schema.enum;
  return schema.const === undefined ? null : [schema.const];
}
