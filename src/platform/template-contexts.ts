import { nearest } from "../text/nearest.ts";
import { fieldOf, OPEN, type Shape, SINGLE } from "./template-shape.ts";

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
export function unknownVariable(name: string, known: readonly string[]): [message: string, suggestion?: string] {
  const near = nearest(name, known);
  return near === null ? [`unknown variable "${name}"`] : [`unknown variable "${name}"; did you mean "${near}"?`, near];
}

function namesOf(shape: Shape): readonly string[] {
  return shape.kind === "record" ? Object.keys(shape.fields) : [];
}
