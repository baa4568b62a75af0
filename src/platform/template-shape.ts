import { isJsonObject, type JsonValue } from "../model/json.ts";

/** What is known of a prompt variable before it has a value: what can be read in it. */
export type Shape =
  /** Nothing is known; anything may be in it. */
  | { readonly kind: "open" }
  /** Text, a number or another single value, in which there is nothing to read. */
  | { readonly kind: "single" }
  | { readonly kind: "record"; readonly fields: Shapes }
  | { readonly kind: "list"; readonly items: Shape };

/** Shapes of variables or fields, by their names. */
export type Shapes = Readonly<Record<string, Shape>>;

export const OPEN: Shape = { kind: "open" };
export const SINGLE: Shape = { kind: "single" };

/** A record with fields of these shapes. */
export function recordOf(fields: Shapes): Shape {
  return { kind: "record", fields };
}

/** A list whose items have this shape. */
export function listOf(items: Shape): Shape {
  return { kind: "list", items };
}

/** Names that all have one shape. */
export function allOf(names: readonly string[], shape: Shape): Shapes {
  return Object.fromEntries(names.map((name) => [name, shape]));
}

/** The shape of data as it stands. */
export function shapeOf(value: JsonValue): Shape {
  if (Array.isArray(value)) return listOf(value.map(shapeOf).reduce(either, null) ?? OPEN);
  if (!isJsonObject(value)) return SINGLE;
  return recordOf(Object.fromEntries(Object.entries(value).map(([key, item]) => [key, shapeOf(item)])));
}

/** What `{{#each}}` gives for each round. */
export function itemOf(shape: Shape): Shape {
  if (shape.kind === "list") return shape.items;
  return shape.kind === "record" ? (Object.values(shape.fields).reduce(either, null) ?? OPEN) : OPEN;
}

/** A field of a shape; `null` when there is none of that name. */
export function fieldOf(shape: Shape, name: string): Shape | null {
  switch (shape.kind) {
    case "open":
      return OPEN;
    case "single":
      return null;
    case "record":
      return Object.hasOwn(shape.fields, name) ? (shape.fields[name] ?? null) : null;
    case "list":
      if (name === "length") return SINGLE;
      return /^\d+$/.test(name) ? shape.items : null;
  }
}

/** What is known of something that has one of two shapes: all fields that either has. */
function either(one: Shape | null, other: Shape): Shape {
  if (one === null || one.kind !== other.kind) return one === null ? other : OPEN;
  if (one.kind === "list" && other.kind === "list") return listOf(either(one.items, other.items));
  if (one.kind !== "record" || other.kind !== "record") return one;
  const names = [...new Set([...Object.keys(one.fields), ...Object.keys(other.fields)])];
  const merged = names.map((name) => {
    const [a, b] = [fieldOf(one, name), fieldOf(other, name)];
    return [name, a && b ? either(a, b) : (a ?? b ?? OPEN)] as const;
  });
  return recordOf(Object.fromEntries(merged));
}
