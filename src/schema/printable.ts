import { isJsonObject, type JsonObject, type JsonValue } from "../model/json.ts";

/** A schema of AURA's dialect as plain JSON Schema (draft-07): the house's own keywords are left out. */
export function printableSchema(schema: unknown): JsonObject {
  if (!isJsonObject(schema)) return {};
  const entries = Object.entries(schema)
    .filter(([keyword]) => !keyword.startsWith("x-"))
    .map(([keyword, value]) => [keyword, printed(keyword, value)] as const);
  return Object.fromEntries(entries);
}

function printed(keyword: string, value: JsonValue): JsonValue {
  switch (keyword) {
    case "properties":
    case "patternProperties":
    case "$defs":
      return isJsonObject(value)
        ? Object.fromEntries(Object.entries(value).map(([name, schema]) => [name, printableSchema(schema)]))
        : value;
    case "items":
    case "additionalProperties":
    case "propertyNames":
      return isJsonObject(value) ? printableSchema(value) : value;
    case "anyOf":
      return Array.isArray(value) ? value.map(printableSchema) : value;
    default:
      return value;
  }
}
