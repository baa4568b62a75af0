export type JsonPrimitive = string | number | boolean | null;
/** Any JSON data. */
export type JsonValue = JsonPrimitive | readonly JsonValue[] | JsonObject;
/** A JSON object. */
export interface JsonObject {
  readonly [key: string]: JsonValue;
}

/** The value that a JSON text holds; `null` also for text that is no JSON. */
export function parseJson(text: string): JsonValue {
  try {
    const value: JsonValue = JSON.parse(text);
    return value;
  } catch {
    return null;
  }
}

/** The fields that have a value: for what leaves a field out rather than have it `undefined`. */
export function defined<T extends object>(fields: T): { readonly [K in keyof T]?: Exclude<T[K], undefined> };
export function defined(fields: object): object {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** JSON text with every object's keys sorted: equal values give equal text, whatever order they were built in. */
export function canonicalJson(value: JsonValue): string {
  return JSON.stringify(sortKeys(value)) ?? "null";
}

/** The text of a record on disk: two-space indented, keys as built, one newline at the end. */
export function recordText(record: unknown): string {
  return `${JSON.stringify(record, null, 2)}\n`;
}

/** Own property by exact key first, then by dotted path through objects; `undefined` when there is none. */
export function lookup(object: JsonObject, path: string): JsonValue | undefined {
  if (Object.hasOwn(object, path)) return object[path];
  let current: JsonValue | undefined = object;
  for (const key of path.split(".")) {
    if (!isJsonObject(current) || !Object.hasOwn(current, key)) return undefined;
    current = current[key];
  }
  return current;
}

/** A place where two JSON values differ; a side that has nothing there leaves its value out. */
export interface JsonDifference {
  readonly path: readonly string[];
  readonly before?: JsonValue;
  readonly after?: JsonValue;
}

/** Where two values differ, field by field, in the order of the first, then of the second. Lists of objects by place. */
export function jsonDifferences(
  before: JsonValue | undefined,
  after: JsonValue | undefined,
  path: readonly string[] = [],
): readonly JsonDifference[] {
  if (before === undefined) return after === undefined ? [] : [{ path, after }];
  if (after === undefined) return [{ path, before }];
  if (canonicalJson(before) === canonicalJson(after)) return [];
  if (isJsonObject(before) && isJsonObject(after)) {
    const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])];
    return keys.flatMap((key) => jsonDifferences(own(before, key), own(after, key), [...path, key]));
  }
  if (Array.isArray(before) && Array.isArray(after) && [...before, ...after].some(isJsonObject)) {
    const length = Math.max(before.length, after.length);
    return Array.from({ length }, (_, at) => jsonDifferences(before[at], after[at], [...path, String(at)])).flat();
  }
  return [{ path, before, after }];
}

function own(object: JsonObject, key: string): JsonValue | undefined {
  return Object.hasOwn(object, key) ? object[key] : undefined;
}

function sortKeys(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map(sortKeys);
  if (!isJsonObject(value)) return value;
  const sorted: [string, JsonValue][] = Object.keys(value)
    .sort()
    .map((key) => [key, sortKeys(value[key] ?? null)]);
  return Object.fromEntries(sorted);
}
