import type { DeclaredParameters } from "../../model/hypothesis.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "../../model/json.ts";

/**
 * What a space, and the schema of hypotheses, say that parameters can be. Either as it is written, which may not be
 * sound: what is not understood is not declared.
 */
export function declaredParameters(space?: JsonValue, hypothesisSchema?: JsonValue): DeclaredParameters {
  const properties = isJsonObject(hypothesisSchema) ? hypothesisSchema.properties : undefined;
  return { ...declaredIn(properties, schemaDomain), ...declaredIn(space, spaceDomain) };
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
