import type { HouseSchema, ObjectSchema } from "./dialect.ts";

type Properties = ObjectSchema["properties"];

/** The schema of an object of exactly these properties, of which `O` may be absent. */
export interface Exactly<P extends Properties, O extends keyof P> {
  readonly type: "object";
  readonly properties: P;
  readonly required: readonly Exclude<keyof P & string, O>[];
  readonly additionalProperties: false;
}

/** An object of exactly these properties, all of them required but those that are named before as optional. */
export function exactly<const P extends Properties>(properties: P): Exactly<P, never>;
export function exactly<const P extends Properties, const O extends keyof P>(
  optional: readonly O[],
  properties: P,
): Exactly<P, O>;
export function exactly(...given: [Properties] | [readonly string[], Properties]): ObjectSchema {
  const [optional, properties] = given.length === 1 ? [[], given[0]] : given;
  const required = Object.keys(properties).filter((name) => !optional.includes(name));
  return { type: "object", properties, required, additionalProperties: false };
}

/** What the schema accepts, or `null`. */
export function nullable<const S extends HouseSchema>(
  schema: S,
): { readonly anyOf: readonly [S, { readonly type: "null" }] } {
  return { anyOf: [schema, { type: "null" }] };
}

/** A list of what the schema accepts. */
export function listOf<const S extends HouseSchema>(schema: S): { readonly type: "array"; readonly items: S } {
  return { type: "array", items: schema };
}

/** The schema with a description, which is told before anything else of it. */
export function described<const S extends HouseSchema>(
  description: string,
  schema: S,
): { readonly description: string } & S {
  return { description, ...schema };
}
