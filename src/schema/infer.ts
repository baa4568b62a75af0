import type { JsonObject, JsonValue } from "../model/json.ts";
import type { HouseSchema } from "./dialect.ts";

/** What a component reference holds before it is built: a runner's name, or `{ type, ...options }`. */
export type ComponentConfig = string | { readonly type: string; readonly [option: string]: JsonValue };

type RequiredKey<S> = S extends { readonly required: readonly (infer R)[] } ? R : never;
type DefaultedKey<P> = { [K in keyof P]: P[K] extends { readonly default: unknown } ? K : never }[keyof P];
type Flat<T> = { [K in keyof T]: T[K] };

type InferObject<P, R> = Flat<
  { readonly [K in keyof P as K extends R | DefaultedKey<P> ? K : never]: Infer<P[K]> } & {
    readonly [K in keyof P as K extends R | DefaultedKey<P> ? never : K]?: Infer<P[K]>;
  }
>;

/**
 * The TypeScript type of the data a `HouseSchema` literal accepts, as it is after validation: an option with a
 * `default` is always there.
 */
export type Infer<S> = S extends { readonly "x-any": true }
  ? JsonValue
  : S extends { readonly "x-unit": string }
    ? number | string
    : S extends { readonly const: infer C }
      ? C
      : S extends { readonly enum: readonly (infer E)[] }
        ? E
        : S extends { readonly anyOf: readonly (infer U)[] }
          ? HouseSchema extends U
            ? JsonValue
            : U extends unknown
              ? Infer<U>
              : never
          : S extends { readonly $ref: string }
            ? ComponentConfig
            : S extends { readonly type: "object"; readonly properties: infer P }
              ? string extends keyof P
                ? JsonObject
                : InferObject<P, RequiredKey<S>>
              : S extends { readonly type: "object"; readonly additionalProperties: infer V }
                ? { readonly [key: string]: Infer<V> }
                : S extends { readonly type: "array"; readonly items: infer I }
                  ? readonly Infer<I>[]
                  : S extends { readonly type: "string" }
                    ? string
                    : S extends { readonly type: "number" | "integer" }
                      ? number
                      : S extends { readonly type: "boolean" }
                        ? boolean
                        : S extends { readonly type: "null" }
                          ? null
                          : never;
