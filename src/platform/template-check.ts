import {
  type Context,
  Contexts,
  type Found,
  itemOf,
  OPEN,
  type Shape,
  SINGLE,
  type TemplateReference,
} from "./template-contexts.ts";

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
  readonly references: readonly TemplateReference[];
  readonly problems: readonly TemplateProblem[];
  readonly paths: readonly TemplatePath[];
}

type Handlebars = typeof import("handlebars");
type Program = ReturnType<Handlebars["parse"]>;
type Block = Parameters<InstanceType<Handlebars["Visitor"]>["BlockStatement"]>[0];
type Path = Block["path"];
type Call = Pick<Block, "params" | "hash" | "loc"> & { readonly path: Path };
type Node = Parameters<InstanceType<Handlebars["Visitor"]>["accept"]>[0];

/** The helpers that take a block, and need exactly one argument. */
const BLOCKS = ["each", "if", "unless", "with"];

/** The helpers whose second argument is a number. */
const COUNTING = ["json", "truncate", "indent"];

/**
 * Looks through a template for what cannot work with variables of these shapes: names and fields that do not exist,
 * inside blocks too, and helpers used in a way they are not made for. Handlebars itself notices some of it when it
 * prints, and none of it in `{{#if x}}` or `{{#each x}}`, where an unknown name passes for empty.
 */
export function checkTemplate(
  handlebars: Handlebars,
  program: Program,
  helpers: readonly string[],
  root: Shape,
): CheckedTemplate {
  const problems: TemplateProblem[] = [];
  const paths: TemplatePath[] = [];
  const contexts = new Contexts(root);

  const problem = ({ loc }: Pick<Node, "loc">, message: string, suggestion?: string): void => {
    const { line, column } = loc.start;
    problems.push({ message, line, column: column + 1, ...(suggestion === undefined ? {} : { suggestion }) });
  };
  const isHelper = (path: Path): boolean =>
    !path.data && path.depth === 0 && helpers.includes(path.original) && !contexts.hasParameter(path.original);

  class Check extends handlebars.Visitor {
    override BlockStatement(block: Block): void {
      const path = asPath(block.path);
      const { name, value } = this.#opened(block, path);
      if (block.program) {
        const inside = insideOf(name, value);
        const names = block.program.blockParams ?? [];
        contexts.within(inside, names, () => this.accept(block.program));
      }
      if (block.inverse) this.accept(block.inverse);
    }

    override MustacheStatement(mustache: Parameters<InstanceType<Handlebars["Visitor"]>["MustacheStatement"]>[0]) {
      this.#call({ ...mustache, path: asPath(mustache.path) });
    }

    override SubExpression(expression: Parameters<InstanceType<Handlebars["Visitor"]>["SubExpression"]>[0]): void {
      if (isHelper(expression.path)) this.#call(expression);
      else problem(expression, `"${expression.path.original}" is no helper; there are ${helpers.join(", ")}`);
    }

    override PathExpression(path: Path): void {
      this.#value(path);
    }

    override PartialStatement(partial: Node): void {
      problem(partial, "partials ({{> …}}) are not supported");
    }

    override PartialBlockStatement(partial: Node): void {
      problem(partial, "partials ({{#> …}}) are not supported");
    }

    override Decorator(decorator: Node): void {
      problem(decorator, "decorators ({{* …}}) are not supported");
    }

    override DecoratorBlock(decorator: Node): void {
      problem(decorator, "decorators ({{#* …}}) are not supported");
    }

    /** What a block is about: the argument of its helper, or the variable that it names itself. */
    #opened(block: Block, path: Path): { readonly name: string | null; readonly value: Found } {
      if (!isHelper(path)) return { name: null, value: this.#call({ ...block, path }) };
      const name = path.original;
      const [argument] = block.params;
      if (!BLOCKS.includes(name)) problem(block, `"${name}" takes no block: write {{${name} …}}`);
      else if (block.params.length !== 1 || !argument) problem(block, `{{#${name} …}} needs one name, and only one`);
      const values = block.params.map((parameter) => this.#argument(parameter));
      return { name, value: values[0] ?? { shape: OPEN, what: "" } };
    }

    #call({ path, params, hash, loc }: Call): Found {
      if (!isHelper(path)) {
        const value = this.#value(path);
        if (params.length > 0 || hash) {
          problem({ loc }, `"${path.original}" is no helper, and takes no arguments; helpers: ${helpers.join(", ")}`);
        }
        for (const parameter of params) this.#argument(parameter);
        return value;
      }
      const name = path.original;
      if (BLOCKS.includes(name)) problem({ loc }, `"${name}" needs a block: {{#${name} …}} … {{/${name}}}`);
      else if (params.length === 0) problem({ loc }, `the helper "${name}" was given nothing; write {{${name} name}}`);
      else if (COUNTING.includes(name) && params[1] && isNoCount(params[1])) {
        problem(params[1], `the helper "${name}" needs a whole number here: write {{${name} name 80}}`);
      }
      for (const parameter of params) this.#argument(parameter);
      return { shape: name === "lookup" ? OPEN : SINGLE, what: `{{${name} …}}` };
    }

    #argument(node: Node): Found {
      if (isPath(node)) return this.#value(node);
      this.accept(node);
      return { shape: OPEN, what: "" };
    }

    #value(path: Path): Found {
      const { line, column } = path.loc.start;
      paths.push({ text: path.original, parts: path.parts, line, column: column + 1 });
      return contexts.resolve(path, (message, suggestion) => problem(path, message, suggestion));
    }
  }

  new Check().accept(program);
  return { references: contexts.references, problems, paths };
}

/** What a block makes of the context, by its helper (`null`: a variable in its place), for the value it is about. */
function insideOf(helper: string | null, { shape, what }: Found): Context {
  const item: Context = { change: "push", shape: itemOf(shape), what: `an item of ${what}`, loops: true };
  const whole: Context = { change: "push", shape, what, loops: false };
  switch (helper) {
    case "each":
      return item;
    case "with":
      return what === "this" ? { change: "none" } : whole;
    case null:
      if (shape.kind === "list") return item;
      return shape.kind === "record" ? whole : { change: "unknown" };
    default:
      return { change: "none" };
  }
}

/** Whether a literal stands there that is no whole number; what a name holds only shows later. */
function isNoCount(node: Node): boolean {
  if (!/Literal$/.test(node.type)) return false;
  const count = "value" in node ? Number(node.value) : Number.NaN;
  return !(Number.isInteger(count) && count >= 0);
}

function isPath(node: Node): node is Path {
  return node.type === "PathExpression";
}

/** Handlebars takes `{{"a name"}}` for a variable of that name. */
function asPath(node: Node): Path {
  if (isPath(node)) return node;
  const name = "original" in node ? String(node.original) : "";
  return { type: "PathExpression", data: false, depth: 0, parts: [name], original: name, loc: node.loc };
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
