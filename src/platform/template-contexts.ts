import { isJsonObject, type JsonValue } from "../model/json.ts";
import { nearest } from "../text/nearest.ts";

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
function fieldOf(shape: Shape, name: string): Shape | null {
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

/** A variable that a template takes from its top level, and where (line from 1, column from 1). */
export interface TemplateReference {
  readonly name: string;
  readonly line: number;
  readonly column: number;
}

/** A value of a template, and what messages call it. */
export interface Found {
  readonly shape: Shape;
  readonly what: string;
}

/** What names stand for inside a block, next to what they stood for outside of it. */
export type Context =
  | { readonly change: "none" }
  | { readonly change: "push"; readonly shape: Shape; readonly what: string; readonly loops: boolean }
  /** Whether names stand for something else depends on the value. */
  | { readonly change: "unknown" };

interface Level extends Found {
  readonly isRoot: boolean;
}

interface PathParts {
  readonly data: boolean;
  readonly depth: number;
  readonly parts: readonly string[];
  readonly original: string;
  readonly loc: { readonly start: { readonly line: number; readonly column: number } };
}

type Tell = (message: string, suggestion?: string) => void;

const UNKNOWN: Found = { shape: OPEN, what: "" };
const LOOP_DATA = ["index", "key", "first", "last"];

/** What each name of a template stands for, block by block. */
export class Contexts {
  /** The variables of the top level that were asked for. */
  readonly references: TemplateReference[] = [];
  readonly #root: Shape;
  #levels: readonly Level[];
  #parameters: readonly ReadonlyMap<string, Found>[] = [];
  #loops = 0;

  constructor(root: Shape) {
    this.#root = root;
    this.#levels = [{ shape: root, what: "", isRoot: true }];
  }

  /** Whether a block around names something so, as `entry` in `{{#each history as |entry|}}`. */
  hasParameter(name: string): boolean {
    return this.#parameters.some((names) => names.has(name));
  }

  /** Looks through the inside of a block. */
  within(context: Context, names: readonly string[], look: () => void): void {
    const before = { levels: this.#levels, parameters: this.#parameters, loops: this.#loops };
    const [first, second] = names;
    const pushed = context.change === "push" ? context : null;
    const parameters = new Map<string, Found>();
    if (first !== undefined) parameters.set(first, pushed ? { shape: pushed.shape, what: first } : UNKNOWN);
    if (second !== undefined) parameters.set(second, { shape: SINGLE, what: second });
    this.#parameters = [parameters, ...this.#parameters];
    if (pushed) this.#levels = [...this.#levels, { shape: pushed.shape, what: pushed.what, isRoot: false }];
    if (context.change === "unknown") {
      const open = this.#levels.map((level) => ({ ...level, shape: OPEN }));
      this.#levels = [...open, { ...UNKNOWN, isRoot: false }];
    }
    if (context.change === "unknown" || pushed?.loops) this.#loops += 1;
    look();
    this.#levels = before.levels;
    this.#parameters = before.parameters;
    this.#loops = before.loops;
  }

  /** What a path stands for; what is wrong with it goes to `tell`. */
  resolve(path: PathParts, tell: Tell): Found {
    const { parts, depth, data, original } = path;
    if (data) return this.#data(path, tell);
    const [first, ...rest] = parts;
    const isPlain = depth === 0 && !/^(?:this\b|\.)/.test(original);
    const parameter = isPlain ? this.#parameters.find((names) => names.has(first ?? ""))?.get(first ?? "") : undefined;
    if (parameter) return this.#inside({ ...parameter, isRoot: false }, rest, path, tell);
    const level = this.#levels[this.#levels.length - 1 - depth];
    if (level) return this.#inside(level, parts, path, tell);
    tell(`{{${original}}} goes further out than there are blocks around it`);
    return UNKNOWN;
  }

  #data(path: PathParts, tell: Tell): Found {
    const { parts, depth, original } = path;
    const [name, ...rest] = parts;
    if (name === "root") return this.#inside({ shape: this.#root, what: "", isRoot: true }, rest, path, tell);
    if (depth > 0) return UNKNOWN;
    if (!LOOP_DATA.includes(name ?? ""))
      tell(`there is no {{${original}}}; there are @root, @index, @key, @first, @last`);
    else if (this.#loops === 0) tell(`{{${original}}} is only there inside {{#each …}}`);
    return { shape: SINGLE, what: original };
  }

  #inside(level: Level, parts: readonly string[], path: PathParts, tell: Tell): Found {
    const [first] = parts;
    if (level.isRoot && first !== undefined) {
      const { line, column } = path.loc.start;
      this.references.push({ name: first, line, column: column + 1 });
    }
    let current: Found = level;
    for (const [place, name] of parts.entries()) {
      const field = fieldOf(current.shape, name);
      if (!field) {
        if (level.isRoot && place === 0) tell(...unknownVariable(name, namesOf(this.#root)));
        else tell(...this.#noField(current, name, place === 0 && path.depth === 0));
        return UNKNOWN;
      }
      current = { shape: field, what: parts.slice(0, place + 1).join(".") };
    }
    return parts.length === 0 ? { shape: level.shape, what: level.isRoot ? "this" : level.what } : current;
  }

  #noField({ shape, what }: Found, name: string, isBare: boolean): [message: string, suggestion?: string] {
    if (isBare && namesOf(this.#root).includes(name)) {
      return [`${what} has no field "${name}"; inside this block the prompt's own is {{@root.${name}}}`];
    }
    switch (shape.kind) {
      case "list":
        return [`${what} is a list and has no field "${name}"; its items are read in {{#each ${what}}} … {{/each}}`];
      case "record": {
        const names = namesOf(shape);
        const near = nearest(name, names);
        const known = names.length === 0 ? "it has none" : `it has ${names.join(", ")}`;
        if (near === null) return [`${what} has no field "${name}"; ${known}`];
        return [`${what} has no field "${name}"; did you mean "${near}"? ${known}`, near];
      }
      default:
        return [`${what} is a single value and has no field "${name}"`];
    }
  }
}

/** The message about a variable that is not there, and the name that was most likely meant. */
function unknownVariable(name: string, known: readonly string[]): [message: string, suggestion?: string] {
  const near = nearest(name, known);
  return near === null ? [`unknown variable "${name}"`] : [`unknown variable "${name}"; did you mean "${near}"?`, near];
}

function namesOf(shape: Shape): readonly string[] {
  return shape.kind === "record" ? Object.keys(shape.fields) : [];
}
