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

/** The shape of data as it stands; of the items of a list nothing is known. */
export function shapeOf(value: JsonValue): Shape {
  if (Array.isArray(value)) return listOf(OPEN);
  if (!isJsonObject(value)) return SINGLE;
  return recordOf(Object.fromEntries(Object.entries(value).map(([key, item]) => [key, shapeOf(item)])));
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

/** Something in a template that cannot work, and where. */
export interface TemplateProblem {
  readonly message: string;
  readonly line: number;
  readonly column: number;
  /** The name that was most likely meant. */
  readonly suggestion?: string;
}

/** A path such as `best.spec.lr`, as a template has it. */
export interface TemplatePath {
  readonly text: string;
  readonly parts: readonly string[];
  readonly line: number;
  readonly column: number;
}

/** What looking through a template gives. */
export interface CheckedTemplate {
  /** The variables of the top level that it uses. */
  readonly variables: ReadonlySet<string>;
  readonly problems: readonly TemplateProblem[];
  readonly paths: readonly TemplatePath[];
}

type Handlebars = typeof import("handlebars");
type Program = ReturnType<Handlebars["parse"]>;
type Block = Parameters<InstanceType<Handlebars["Visitor"]>["BlockStatement"]>[0];
type Mustache = Parameters<InstanceType<Handlebars["Visitor"]>["MustacheStatement"]>[0];
type SubExpression = Parameters<InstanceType<Handlebars["Visitor"]>["SubExpression"]>[0];
type Path = Block["path"];
type Node = Parameters<InstanceType<Handlebars["Visitor"]>["accept"]>[0];

/** A value that a template reads, and what messages call it. */
interface Found {
  readonly shape: Shape;
  readonly what: string;
}

/** Helpers that fail when they are given more. */
const ONE_VALUE = ["if", "unless", "with"];

const UNKNOWN: Found = { shape: OPEN, what: "" };

/**
 * Looks through a template for names and fields that variables of these shapes do not have, inside blocks too.
 * Handlebars itself notices some of it when it prints, and none of it in `{{#if x}}` or `{{#each x}}`, where an unknown
 * name passes for empty.
 */
export function checkTemplate(
  handlebars: Handlebars,
  program: Program,
  helpers: readonly string[],
  root: Shape,
): CheckedTemplate {
  const variables = new Set<string>();
  const problems: TemplateProblem[] = [];
  const paths: TemplatePath[] = [];
  const top: Found = { shape: root, what: "" };
  /** What names stand for, block by block, and what blocks around name with `as |entry|`. */
  let levels: readonly Found[] = [top];
  let aliases: ReadonlyMap<string, Found> = new Map();

  const problem = ({ loc }: Pick<Node, "loc">, message: string, suggestion?: string | null): void => {
    const { line, column } = loc.start;
    problems.push({ message, line, column: column + 1, ...(suggestion ? { suggestion } : {}) });
  };
  const isHelper = (path: Path): boolean =>
    !path.data && path.depth === 0 && helpers.includes(path.original) && !aliases.has(path.original);

  class Check extends handlebars.Visitor {
    override BlockStatement(block: Block): void {
      const helper = isPath(block.path) && isHelper(block.path) ? block.path.original : null;
      const [first, ...others] = block.params;
      const about = helper === null ? this.#read(block.path) : first ? this.#read(first) : UNKNOWN;
      for (const parameter of helper === null ? block.params : others) this.#read(parameter);
      if (helper !== null) this.#given(helper, block, `#${helper}`);
      const inside = insideOf(helper, about);
      if (block.program && inside !== null) this.#within(inside, block.program.blockParams ?? [], block.program);
      if (block.inverse) this.accept(block.inverse);
    }

    override MustacheStatement(mustache: Mustache): void {
      this.#call(mustache);
    }

    override SubExpression(expression: SubExpression): void {
      this.#call(expression);
    }

    override PathExpression(path: Path): void {
      this.#value(path);
    }

    override PartialStatement(partial: Node): void {
      problem(partial, "partials ({{> …}}) are not supported");
    }

    /** A helper with its arguments, or a variable, which takes none. */
    #call({ path, params, hash, loc }: Pick<Mustache, "path" | "params" | "loc"> & { readonly hash?: unknown }): void {
      const isVariable = isPath(path) && !isHelper(path);
      if (isVariable) this.#value(path);
      if (isVariable && (params.length > 0 || hash))
        problem({ loc }, `"${path.original}" is no helper, and takes no arguments; helpers: ${helpers.join(", ")}`);
      if (isPath(path) && isHelper(path)) this.#given(path.original, { params, loc }, path.original);
      for (const parameter of params) this.#read(parameter);
    }

    #given(helper: string, { params, loc }: Pick<Mustache, "params" | "loc">, written: string): void {
      if (params.length === 0) problem({ loc }, `${helper} is given nothing; write {{${written} name}}`);
      else if (params.length > 1 && ONE_VALUE.includes(helper))
        problem({ loc }, `${helper} takes one value, not ${params.length}`);
    }

    #within(inside: Found | "same", [item, place]: readonly string[], look: Program): void {
      const before = { levels, aliases };
      const named: readonly [string | undefined, Found][] = [
        [item, inside === "same" ? UNKNOWN : inside],
        [place, { shape: SINGLE, what: place ?? "" }],
      ];
      aliases = new Map([
        ...aliases,
        ...named.flatMap(([name, found]) => (name === undefined ? [] : [[name, { ...found, what: name }] as const])),
      ]);
      if (inside !== "same") levels = [...levels, inside];
      this.accept(look);
      ({ levels, aliases } = before);
    }

    #read(node: Node): Found {
      if (isPath(node)) return this.#value(node);
      this.accept(node);
      return UNKNOWN;
    }

    #value(path: Path): Found {
      const { parts, original, data, depth } = path;
      const { line, column } = path.loc.start;
      paths.push({ text: original, parts, line, column: column + 1 });
      const [first = "", ...rest] = parts;
      if (data) return first === "root" ? this.#field(path, top, rest) : UNKNOWN;
      const alias = depth === 0 && !/^(?:this\b|\.)/.test(original) ? aliases.get(first) : undefined;
      if (alias) return this.#field(path, alias, rest);
      const level = levels.at(-1 - depth);
      if (level) return this.#field(path, level, parts);
      problem(path, `{{${original}}} goes further out than there are blocks around it`);
      return UNKNOWN;
    }

    #field(path: Path, from: Found, parts: readonly string[]): Found {
      if (from === top && parts[0] !== undefined) variables.add(parts[0]);
      let current = from;
      for (const [place, name] of parts.entries()) {
        const shape = fieldOf(current.shape, name);
        if (shape === null) {
          this.#missing(path, current, name, place === 0 && path.depth === 0);
          return UNKNOWN;
        }
        current = { shape, what: parts.slice(0, place + 1).join(".") };
      }
      return current;
    }

    #missing(path: Path, of: Found, name: string, isBare: boolean): void {
      const names = namesOf(of.shape);
      const near = nearest(name, names);
      const meant = near === null ? "" : `; did you mean "${near}"?`;
      if (of === top) problem(path, `unknown variable "${name}"${meant}`, near);
      else if (isBare && namesOf(root).includes(name))
        problem(path, `${of.what} has no field "${name}"; inside this block the prompt's own is {{@root.${name}}}`);
      else if (of.shape.kind === "list")
        problem(
          path,
          `${of.what} is a list and has no field "${name}"; its items are read in {{#each ${of.what}}} … {{/each}}`,
        );
      else if (of.shape.kind === "record")
        problem(
          path,
          `${of.what} has no field "${name}"${meant === "" ? ";" : meant} it has ${names.join(", ") || "none"}`,
          near,
        );
      else problem(path, `${of.what} is a single value and has no field "${name}"`);
    }
  }

  new Check().accept(program);
  return { variables, problems, paths };
}

function namesOf(shape: Shape): readonly string[] {
  return shape.kind === "record" ? Object.keys(shape.fields) : [];
}

/**
 * What a block makes of the context, by its helper (`null`: a variable in its place), for the value it is about. `null`
 * where that depends on the value: then nothing is known of what names stand for in it.
 */
function insideOf(helper: string | null, about: Found): Found | "same" | null {
  const { shape, what } = about;
  if (helper === "with" || (helper === null && shape.kind === "record")) return about;
  if (helper !== "each" && helper !== null) return "same";
  if (shape.kind === "list") return { shape: shape.items, what: `an item of ${what}` };
  return helper === null ? null : { shape: OPEN, what: `an item of ${what}` };
}

function isPath(node: Node): node is Path {
  return node.type === "PathExpression";
}

/** What keeps a template from being read, from what Handlebars said of it. */
export function syntaxProblem(source: string, thrown: string): TemplateProblem {
  const [, worded, row, column] = /^(.*) - (\d+):(\d+)$/s.exec(thrown) ?? [];
  if (worded !== undefined) return { message: worded, line: Number(row), column: Number(column) + 1 };
  const [, line, shown] = /^Parse error on line (\d+):\n(.*)\n/.exec(thrown) ?? [];
  const open = thrown.endsWith("got 'EOF'") ? lastOpenBlock(source) : null;
  if (open)
    return { message: `{{#${open.name} …}} is not closed; write {{/${open.name}}}`, ...placeAt(source, open.at) };
  const message =
    shown === undefined
      ? thrown
      : `cannot be read near ${JSON.stringify(shown)}; write {{name}}, {{#each name}} … {{/each}} or {{json name}}`;
  return { message, line: Number(line ?? 1), column: 1 };
}

function lastOpenBlock(source: string): { readonly name: string; readonly at: number } | null {
  const open: { readonly name: string; readonly at: number }[] = [];
  for (const found of source.matchAll(/\{\{~?\s*([#^/])\s*([^\s{}~]+)/g)) {
    const [, kind, name = ""] = found;
    if (kind === "/") open.pop();
    else open.push({ name, at: found.index });
  }
  return open.at(-1) ?? null;
}

function placeAt(source: string, offset: number): { readonly line: number; readonly column: number } {
  const before = source.slice(0, offset).split("\n");
  return { line: before.length, column: (before.at(-1)?.length ?? 0) + 1 };
}
