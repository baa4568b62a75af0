import { meantSearch } from "../components/builtins.ts";
import { isJsonObject, type JsonObject } from "../model/json.ts";
import { placeKey, type SpecPath } from "./places.ts";
import type { SpecSource } from "./source.ts";

/*
 * The short ways to write a spec: `metric: accuracy`, `researcher: tpe`, and the researcher's `space` beside it. Only
 * the text has them: overrides, checks, records and components see what they stand for.
 */

/** A spec with words in the place of mappings spelled out. */
export function spelledOut(spec: JsonObject): JsonObject {
  const { metric, researcher } = spec;
  return {
    ...spec,
    ...(typeof metric === "string" ? { metric: { name: metric } } : {}),
    ...(typeof researcher === "string" ? { researcher: shortResearcher(researcher) } : {}),
  };
}

/** What is misspelled is told where it is checked. */
function shortResearcher(word: string): JsonObject {
  return meantSearch(word) === null ? { type: word } : { type: "search", method: word };
}

/** A spec in full. One that has a space in both places is left as it is: that is a mistake. */
export function inFull(spec: JsonObject): JsonObject {
  const { space, ...rest } = spelledOut(spec);
  const { researcher } = rest;
  if (space === undefined || !isJsonObject(researcher) || researcher.space !== undefined) return spelledOut(spec);
  return { ...rest, researcher: { ...researcher, space } };
}

/** Where something in a spec stands when it is in full. */
export function fullPath(path: SpecPath): SpecPath {
  return path[0] === "space" ? ["researcher", ...path] : path;
}

/** What is known of a spec's text, by the paths that things have in full. */
export function sourceInFull(source: SpecSource): SpecSource {
  const full = (key: string): string => placeKey(fullPath(key.split("\n")));
  const places = [...source.places].map(([key, place]) => [full(key), place] as const);
  return { ...source, places: new Map([...source.places, ...places]), quoted: new Set([...source.quoted].map(full)) };
}
