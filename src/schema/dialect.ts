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

/**
 * What an option is, besides what it accepts. Nothing is ever read from the name of an option: one without these is a
 * value that its component alone understands.
 */
interface Annotated {
  /** A path, read from the spec's folder: `file` or `folder` has to be there before the run, `any` may be either. */
  readonly "x-path"?: "file" | "folder" | "any";
  /** With `x-path: file`: a module of the user's; `export` names the option that says which of its functions is called. */
  readonly "x-module"?: { readonly export?: string };
  /**
   * A command by AURA's argument grammar: checked against the search space, and shown in a dry run. `shell` and `env`
   * name the options beside it that say whether a shell runs it, and which variables it gets.
   */
  readonly "x-command"?: { readonly shell?: string; readonly env?: string };
  /**
   * `false`: a setting, so that the value of a `${VAR}` in it may be shown and recorded; paths are settings anyway. What
   * nothing is said of is hidden.
   */
  readonly "x-secret"?: boolean;
  /**
   * `false`: no score depends on it, so that it may change in the middle of a run. All else in an experimenter, an
   * evaluator or a check, and in what they are made of, is part of how scores come about.
   */
  readonly "x-scores"?: boolean | "used";
  /** A search space: what `{name}` in commands is compared with. `schema`: a schema of hypotheses, which says less. */
  readonly "x-space"?: true | "schema";
  /** A runner with this option, or with one of these values of it, knows what its calls cost. */
  readonly "x-cost"?: true | readonly string[];
  /** The value of this option that is of use with tracked artifacts only. */
  readonly "x-artifacts"?: true | string;
  /** With this value of the option a trial runs in its own copy of the project, also without tracked artifacts. */
  readonly "x-copy"?: string;
  /** Names of environment variables. `passed`: a process gets them, secrets too. `key`: one that holds a provider's key. */
  readonly "x-variables"?: "passed" | "key";
  /** The option beside it with which there need be no key (`x-variables: key`), or no cost is known by this one (`x-cost`). */
  readonly "x-unless"?: string;
}

interface Described extends Annotated {
  readonly description?: string;
  /** What belongs here, in words that follow "expected" in messages; for patterns that do not speak for themselves. */
  readonly "x-expected"?: string;
}

/** The schema of a mapping, such as a component's options. */
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

const NUMBER = "\\s*[0-9]+(\\.[0-9]+)?\\s*";
const NOT_ZERO = "(?!\\s*[0.]+\\s*([A-Za-z]+\\s*)?$)";

function unit(of: UnitSchema["x-unit"], units: string, description: string): UnitSchema {
  const pattern = `^${NUMBER}${units}\\s*$`;
  return { type: ["number", "string"], pattern, minimum: 0, "x-unit": of, description };
}

/** With none at all, what it limits could not even begin. */
function aboveZero(of: UnitSchema["x-unit"], units: string, description: string): UnitSchema {
  const pattern = `^${NOT_ZERO}${NUMBER}${units}\\s*$`;
  return { type: ["number", "string"], pattern, exclusiveMinimum: 0, "x-unit": of, description };
}

const TIMES = "(ms|s|m|h|d)?";
const SIZES = "[KkMmGgTt]?(i?[Bb])?";
const SECONDS = "`90s`, `30m`, `2h`; a bare number is seconds.";
const BINARY = "`512M`, `2G` (binary units); a bare number is bytes.";
export const DURATION = unit("duration", TIMES, `A duration: ${SECONDS}`);
export const TIME_LIMIT = aboveZero("duration", TIMES, `A duration above zero: ${SECONDS}`);
export const SIZE = unit("size", SIZES, `A size in bytes: ${BINARY}`);
export const SIZE_LIMIT = aboveZero("size", SIZES, `A size above zero, in bytes: ${BINARY}`);
export const COUNT_LIMIT = aboveZero(
  "count",
  "[kKmM]?",
  "A count above zero: `200k`, `2M`; a bare number is the count.",
);

export const ANY = { "x-any": true } as const satisfies AnySchema;

export const JSON_OBJECT = {
  type: "object",
  additionalProperties: ANY,
} as const satisfies RecordSchema;

/** A moment in a record or a document. */
export const TIMESTAMP = {
  type: "string",
  description: "When: ISO 8601 in UTC, like 2026-01-31T12:00:00.000Z.",
} as const satisfies StringSchema;

export const MILLISECONDS = {
  type: "number",
  minimum: 0,
  description: "Milliseconds.",
} as const satisfies NumberSchema;

export const BYTES = { type: "integer", minimum: 0, description: "Bytes." } as const satisfies NumberSchema;

export const TOKENS = {
  type: "number",
  minimum: 0,
  description: "Tokens, as the provider counts them.",
} as const satisfies NumberSchema;

export const US_DOLLARS = { type: "number", minimum: 0, description: "US dollars." } as const satisfies NumberSchema;
