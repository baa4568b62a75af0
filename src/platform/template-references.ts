/** A variable that a template takes from its top level, and where (line from 1, column from 1). */
export interface TemplateReference {
  readonly name: string;
  readonly line: number;
  readonly column: number;
}

type Handlebars = typeof import("handlebars");
type Program = ReturnType<Handlebars["parse"]>;

/**
 * The top-level variables a template uses, in order of appearance. Handlebars itself only notices an unknown one when
 * it prints it; in `{{#if x}}` or `{{#each x}}` it would pass for empty.
 */
export function rootReferences(
  handlebars: Handlebars,
  program: Program,
  helpers: readonly string[],
): readonly TemplateReference[] {
  const found: TemplateReference[] = [];
  /** Whether each enclosing context is the top level; the innermost last. */
  const contexts = [true];
  const blockParams: string[][] = [];

  class References extends handlebars.Visitor {
    override Program(node: Program): void {
      blockParams.push(node.blockParams ?? []);
      super.Program(node);
      blockParams.pop();
    }

    override BlockStatement(block: Parameters<InstanceType<Handlebars["Visitor"]>["BlockStatement"]>[0]): void {
      const changesContext = !["if", "unless"].includes(block.path.original);
      if (!helpers.includes(block.path.original)) this.accept(block.path);
      this.acceptArray(block.params);
      if (block.hash) this.accept(block.hash);
      if (changesContext) contexts.push(false);
      if (block.program) this.accept(block.program);
      if (changesContext) contexts.pop();
      if (block.inverse) this.accept(block.inverse);
    }

    override PartialStatement(): void {
      throw new Error("partials ({{> …}}) are not supported");
    }

    override PartialBlockStatement(): void {
      throw new Error("partials ({{#> …}}) are not supported");
    }

    override Decorator(): void {
      throw new Error("decorators ({{* …}}) are not supported");
    }

    override DecoratorBlock(): void {
      throw new Error("decorators ({{#* …}}) are not supported");
    }

    override PathExpression(path: Parameters<InstanceType<Handlebars["Visitor"]>["PathExpression"]>[0]): void {
      const [first, second] = path.parts;
      if (first === undefined) return;
      const { line, column } = path.loc.start;
      const at = { line, column: column + 1 };
      if (path.data) {
        if (first === "root" && second !== undefined) found.push({ name: second, ...at });
        return;
      }
      if (path.depth === 0 && path.parts.length === 1 && helpers.includes(first)) return;
      if (path.depth === 0 && blockParams.some((names) => names.includes(first))) return;
      if (contexts[contexts.length - 1 - path.depth]) found.push({ name: first, ...at });
    }
  }

  new References().accept(program);
  return found;
}
