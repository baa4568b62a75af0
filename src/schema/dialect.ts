/**
 * The subset of JSON Schema (draft-07) that AURA's records and component options are written in. One literal is
 * the truth: ajv compiles it, `Infer` reads the TypeScript type from it, the files in `schemas/` are printed from it.
 */
export type HouseSchema =
  | ObjectSchema
  | OpenObjectSchema
  | RecordSchema
  | ArraySchema
  | StringSchema
  | NumberSchema
  | BooleanSchema
  | NullSchema
  | ConstSchema
  | EnumSchema
  | AnySchema
  | UnitSchema
  | UnionSchema
  | RefSchema;

interface Described {
  readonly description?: string;
  /** What belongs here, in words that follow "expected" in messages; for patterns that do not speak for themselves. */
  readonly "x-expected"?: string;
}

export interface ObjectSchema extends Described {
  readonly type: "object";
  readonly properties: { readonly [key: string]: HouseSchema };
  readonly required?: readonly string[];
  readonly additionalProperties: false;
  /** `x-` keys are the user's own notes: allowed everywhere in a spec, ignored by AURA. */
  readonly patternProperties?: { readonly "^x-": AnySchema };
}

/** An object of which only some properties are known. */
export interface OpenObjectSchema extends Described {
  readonly type: "object";
  readonly properties: { readonly [key: string]: HouseSchema };
  readonly required: readonly string[];
  readonly additionalProperties: AnySchema;
}

export interface RecordSchema extends Described {
  readonly type: "object";
  readonly additionalProperties: HouseSchema;
  readonly propertyNames?: { readonly pattern: string; readonly "x-expected"?: string };
}

export interface ArraySchema extends Described {
  readonly type: "array";
  readonly items: HouseSchema;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly uniqueItems?: boolean;
  readonly default?: readonly string[];
}

export interface StringSchema extends Described {
  readonly type: "string";
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly pattern?: string;
  readonly default?: string;
}

export interface NumberSchema extends Described {
  readonly type: "number" | "integer";
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly default?: number;
}

export interface BooleanSchema extends Described {
  readonly type: "boolean";
  readonly default?: boolean;
}

export interface NullSchema extends Described {
  readonly type: "null";
}

export interface ConstSchema extends Described {
  readonly const: string | number | boolean;
}

export interface EnumSchema extends Described {
  readonly enum: readonly (string | number | boolean)[];
  readonly default?: string | number | boolean;
}

/** Any JSON value. */
export interface AnySchema extends Described {
  readonly "x-any": true;
}

/** A number, or text with a unit: see `DURATION`, `TIME_LIMIT` and those below, and `model/units.ts`. */
export interface UnitSchema extends Described {
  readonly type: readonly ["number", "string"];
  readonly pattern: string;
  readonly minimum?: number;
  readonly exclusiveMinimum?: number;
  readonly "x-unit": "duration" | "size" | "count";
  readonly default?: number | string;
}

export interface UnionSchema extends Described {
  readonly anyOf: readonly HouseSchema[];
}

/** A place where another component goes, `{ type: <registered name>, ...options }` (a runner may also be a name). */
export interface RefSchema extends Described {
  readonly $ref: `#/$defs/${string}`;
}

export const DURATION = {
  type: ["number", "string"],
  pattern: "^\\s*[0-9]+(\\.[0-9]+)?\\s*(ms|s|m|h|d)?\\s*$",
  minimum: 0,
  "x-unit": "duration",
  description: "A duration: `90s`, `30m`, `2h`; a bare number is seconds.",
} as const satisfies UnitSchema;

/** A duration above zero: with none at all, what it limits could not even begin. */
export const TIME_LIMIT = {
  type: ["number", "string"],
  pattern: "^(?!\\s*[0.]+\\s*([a-z]+\\s*)?$)\\s*[0-9]+(\\.[0-9]+)?\\s*(ms|s|m|h|d)?\\s*$",
  exclusiveMinimum: 0,
  "x-unit": "duration",
  description: "A duration above zero: `90s`, `30m`, `2h`; a bare number is seconds.",
} as const satisfies UnitSchema;

export const SIZE = {
  type: ["number", "string"],
  pattern: "^\\s*[0-9]+(\\.[0-9]+)?\\s*[KkMmGgTt]?(i?[Bb])?\\s*$",
  minimum: 0,
  "x-unit": "size",
  description: "A size in bytes: `512M`, `2G` (binary units); a bare number is bytes.",
} as const satisfies UnitSchema;

/** A size above zero. */
export const SIZE_LIMIT = {
  type: ["number", "string"],
  pattern: "^(?!\\s*[0.]+\\s*([A-Za-z]+\\s*)?$)\\s*[0-9]+(\\.[0-9]+)?\\s*[KkMmGgTt]?(i?[Bb])?\\s*$",
  exclusiveMinimum: 0,
  "x-unit": "size",
  description: "A size above zero, in bytes: `512M`, `2G` (binary units); a bare number is bytes.",
} as const satisfies UnitSchema;

/** A count above zero. */
export const COUNT_LIMIT = {
  type: ["number", "string"],
  pattern: "^(?!\\s*[0.]+\\s*([A-Za-z]+\\s*)?$)\\s*[0-9]+(\\.[0-9]+)?\\s*[kKmM]?\\s*$",
  exclusiveMinimum: 0,
  "x-unit": "count",
  description: "A count above zero: `200k`, `2M`; a bare number is the count.",
} as const satisfies UnitSchema;

export const ANY = { "x-any": true } as const satisfies AnySchema;

export const JSON_OBJECT = {
  type: "object",
  additionalProperties: ANY,
} as const satisfies RecordSchema;
