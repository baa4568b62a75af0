import { type AnyDefinition, KINDS, type Kind } from "../kernel/define.ts";
import type { Registry } from "../kernel/registry.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "../model/json.ts";
import type { HouseSchema, ObjectSchema } from "../schema/dialect.ts";
import type { References } from "../schema/validate.ts";

const INLINE_RUNNER = "inlineRunner";
/** An executor without what the one around it gives. */
export const INNER_EXECUTOR = "innerExecutor";
export const INNER_EXPECTED = "an executor that is put before a command, such as { type: bwrap } or { type: bindfs }";
const KIND_OF: ReadonlyMap<string, Kind> = new Map([
  ...KINDS.map((kind) => [kind, kind] as const),
  [INLINE_RUNNER, "runner"],
  [INNER_EXECUTOR, "executor"],
]);

/** A component of a kind, given in full (`inline`) or, of a runner, by name; `inner`: without its `given` options. */
export interface Place {
  readonly kind: Kind;
  readonly inline: boolean;
  readonly inner: boolean;
}

/** What a `$ref` of a schema asks for. */
export function kindOfReference(reference: string): Place | null {
  const name = reference.replace("#/$defs/", "");
  const kind = KIND_OF.get(name);
  return kind ? { kind, inline: name !== "runner", inner: name === INNER_EXECUTOR } : null;
}

/** The definition that a config's `type` names; `null` when there is none. */
export function definitionOf(kind: Kind, config: JsonObject, registry: Registry): AnyDefinition | null {
  return typeof config.type === "string" ? registry.find(kind, config.type) : null;
}

/** Whether a `type` is the path of a user's own module. */
export function isModulePath(type: JsonValue | undefined): type is string {
  return typeof type === "string" && /^(?:\.{1,2}\/|\/)/.test(type);
}

/** The schema of a component as it stands in a spec: its options, its `type`, and `x-` notes at every level. */
export function placedSchema(definition: Pick<AnyDefinition, "options" | "given">, isInner = false): ObjectSchema {
  const { options, given = [] } = definition;
  const isOwn = (name: string): boolean => !isInner || !given.includes(name);
  const properties = Object.entries(options.properties).filter(([name]) => isOwn(name));
  return withNotes({
    ...options,
    properties: { type: { type: "string" }, ...Object.fromEntries(properties) },
    required: ["type", ...(options.required ?? []).filter(isOwn)],
  });
}

/** The schema with `x-` keys allowed in every object that has keys of its own. */
export function withNotes(schema: ObjectSchema): ObjectSchema {
  const properties = Object.entries(schema.properties).map(([key, part]) => [key, notesInside(part)] as const);
  return { ...schema, properties: Object.fromEntries(properties), patternProperties: { "^x-": { "x-any": true } } };
}

function notesInside(schema: HouseSchema): HouseSchema {
  // One that is open takes any key already.
  if ("properties" in schema) return schema.additionalProperties === false ? withNotes(schema) : schema;
  if ("items" in schema) return { ...schema, items: notesInside(schema.items) };
  if ("anyOf" in schema) return { ...schema, anyOf: schema.anyOf.map((branch) => notesInside(branch)) };
  if ("additionalProperties" in schema) {
    return { ...schema, additionalProperties: notesInside(schema.additionalProperties) };
  }
  return schema;
}

/** Options without `type` and without `x-` notes: what a component is built from. */
export function optionsOf(definition: Pick<AnyDefinition, "options">, config: JsonObject): JsonObject {
  const { type: _type, ...options } = config;
  const kept = withoutNotes(definition.options, options);
  return isJsonObject(kept) ? kept : {};
}

/** A value without the `x-` notes of the objects whose keys its schema knows; keys that users choose are left alone. */
export function withoutNotes(schema: unknown, value: JsonValue): JsonValue {
  if (!isJsonObject(schema)) return value;
  const { $ref, anyOf, properties, additionalProperties, items } = schema;
  // A component inside of another loses its notes when it is built itself; by then it is known by its identity.
  if (typeof $ref === "string") return value;
  if (Array.isArray(anyOf)) return anyOf.reduce((kept, branch) => withoutNotes(branch, kept), value);
  if (Array.isArray(value)) return value.map((item) => withoutNotes(items, item));
  if (!isJsonObject(value)) return value;
  const known = isJsonObject(properties) ? properties : null;
  const entries = Object.entries(value)
    .filter(([key]) => known === null || !key.startsWith("x-"))
    .map(([key, item]) => [key, withoutNotes(known?.[key] ?? additionalProperties, item)] as const);
  return Object.fromEntries(entries);
}

/** What the references of a spec stand for when it is checked part by part: the shape of a component, in words. */
export function componentReferences(registry: Registry): References {
  const shapes = KINDS.map((kind) => {
    const form = `{ type: TYPE, … } with TYPE one of ${registry.types(kind).join(", ")}`;
    return kind === "runner"
      ? ([kind, { type: ["object", "string"], "x-expected": `the name of a runner, or ${form}` }] as const)
      : ([kind, { type: "object", "x-expected": `${anKind(kind)}, as ${form}` }] as const);
  });
  return {
    ...Object.fromEntries(shapes),
    [INLINE_RUNNER]: { type: "object", "x-expected": "a runner, like { type: …, … }" },
    [INNER_EXECUTOR]: { type: "object", "x-expected": INNER_EXPECTED },
  };
}

/** What to say of a component that is named where one of another kind belongs. */
export function ofOtherKind(type: string, its: Kind, needed: Kind): string {
  const isRun = its === "executor" && needed === "experimenter";
  const instead = isRun ? `; write experimenter: { type: composed, executor: { type: ${type} } }` : "";
  return `${type} is ${anKind(its)}, and ${anKind(needed)} is needed here${instead}`;
}

/** `a runner`, `an evaluator`. */
export function anKind(kind: Kind): string {
  return `${/^[aeiou]/.test(kind) ? "an" : "a"} ${kind}`;
}
