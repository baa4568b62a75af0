import { isJsonObject, type JsonValue } from "../model/json.ts";

/** Keys from the root of the spec down to a value; list entries by their index. */
export type SpecPath = readonly string[];

/** Where a value and its key stand in the text: offsets of the first character and of the one after the last. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

export interface Place {
  readonly key?: Span;
  readonly value: Span;
}

/** A problem found while reading the text, at its offset. */
export interface SourceProblem {
  readonly message: string;
  readonly span: Span;
  readonly path: SpecPath;
}

/** The key of a path in maps and sets. */
export function placeKey(path: SpecPath): string {
  return path.join("\n");
}

/** Whether a path is another, or lies inside of it. */
export function isWithin(path: SpecPath, outer: SpecPath): boolean {
  return outer.every((key, at) => path[at] === key);
}

/** What stands at a path of a value; `undefined` where nothing does. */
export function valueAt(value: JsonValue, path: SpecPath): JsonValue | undefined {
  return path.reduce<JsonValue | undefined>((current, key) => {
    if (Array.isArray(current)) return current[Number(key)];
    return isJsonObject(current) ? current[key] : undefined;
  }, value);
}
