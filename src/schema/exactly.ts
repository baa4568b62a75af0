import type { HouseSchema, ObjectSchema } from "./dialect.ts";

type Properties = ObjectSchema["properties"];

/** The schema of an object of exactly these properties. */
export interface Exactly<P extends Properties, O extends Properties> {
  readonly type: "object";
  readonly properties: P & O;
  readonly required: readonly (keyof P & string)[];
  readonly additionalProperties: false;
}

/** An object of exactly these properties: the first ones have to be there, the `optional` ones may be absent. */
export function exactly<const P extends Properties, const O extends Properties = Readonly<Record<never, never>>>(
  properties: P,
  optional?: O,
): Exactly<P, O>;
export function exactly(properties: Properties, optional: Properties = {}): Exactly<Properties, Properties> {
  return {
    type: "object",
    properties: { ...properties, ...optional },
    required: Object.keys(properties),
    additionalProperties: false,
  };
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
