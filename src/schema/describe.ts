import { isJsonObject, type JsonObject } from "../model/json.ts";

const UNITS: Readonly<Record<string, string>> = {
  duration: "a duration like 90s, 30m or 2h, or a number of seconds",
  size: "a size like 512M or 2G, or a number of bytes",
  count: "a count like 200k or 2M, or a number",
};

/** What a schema accepts, in words that follow "expected": `a whole number of at least 1`, `text or a list of text`. */
export function describeSchema(schema: unknown): string {
  if (!isJsonObject(schema)) return "another value";
  const expected = schema["x-expected"];
  if (typeof expected === "string") return expected;
  const unit = UNITS[String(schema["x-unit"])];
  if (unit !== undefined) return "exclusiveMinimum" in schema ? `${unit}, above zero` : unit;
  if ("const" in schema) return String(schema.const);
  if (Array.isArray(schema.enum)) return `one of ${schema.enum.map(String).join(", ")}`;
  if (Array.isArray(schema.anyOf)) return [...new Set(schema.anyOf.map(describeSchema))].join(", or ");
  const type = schema.type;
  return typeof type === "string" ? ofType(type, schema) : "another value";
}

/** Whether data has the JSON type that a schema asks for, whatever is inside it. */
export function admits(schema: JsonObject, data: unknown): boolean {
  if ("const" in schema || "enum" in schema) return typeof data !== "object";
  const type = schema.type;
  if (type === undefined) return true;
  return (Array.isArray(type) ? type : [type]).some((name) => isOfType(String(name), data));
}

function isOfType(type: string, data: unknown): boolean {
  switch (type) {
    case "null":
      return data === null;
    case "array":
      return Array.isArray(data);
    case "object":
      return isJsonObject(data);
    case "integer":
      return typeof data === "number";
    default:
      return typeof data === type;
  }
}

function ofType(type: string, schema: JsonObject): string {
  switch (type) {
    case "object":
      return "a mapping of keys to values";
    case "array":
      return `${listWord(schema)}${isJsonObject(schema.items) && !("x-any" in schema.items) ? ` of ${plural(schema.items)}` : ""}`;
    case "string":
      return text(schema);
    case "integer":
      return `a whole number${bounds(schema)}`;
    case "number":
      return `a number${bounds(schema)}`;
    case "boolean":
      return "true or false";
    default:
      return type;
  }
}

function plural(items: JsonObject): string {
  if (items.type === "string") return "text";
  if (items.type === "object") return "mappings";
  return `entries that are each ${describeSchema(items)}`;
}

function listWord(schema: JsonObject): string {
  const { minItems, maxItems } = schema;
  if (typeof minItems === "number" && minItems === maxItems) return `a list with ${minItems} entries`;
  if (typeof minItems === "number" && minItems > 0)
    return minItems === 1 ? "a non-empty list" : `a list with at least ${minItems} entries`;
  return typeof maxItems === "number" ? `a list with at most ${maxItems} entries` : "a list";
}

function text(schema: JsonObject): string {
  if (typeof schema.pattern === "string") return `text that matches ${schema.pattern}`;
  if (typeof schema.maxLength === "number") return `text of at most ${schema.maxLength} characters`;
  return schema.minLength === undefined ? "text" : "text that is not empty";
}

function bounds(schema: JsonObject): string {
  const { minimum, exclusiveMinimum, maximum } = schema;
  const low =
    typeof minimum === "number"
      ? ` of at least ${minimum}`
      : typeof exclusiveMinimum === "number"
        ? ` above ${exclusiveMinimum}`
        : "";
  if (typeof maximum !== "number") return low;
  return low === "" ? ` of at most ${maximum}` : `${low} and at most ${maximum}`;
}
