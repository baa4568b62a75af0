import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";

const SRC = join(dirname(dirname(fileURLToPath(import.meta.url))), "src");

const INTRO = `Everything that \`aura-research\` and \`aura-research/testing\` export, with what each takes and gives. Your editor says the same, and more of each. Members are
those for you to call or, where they are \`protected\`, to override. \`Infer<typeof …Schema>\` is the type of what the JSON Schema of that name describes:
records and what \`--json\` prints are in [schemas](../schemas), and told in [workspace-format.md](workspace-format.md).

The library prints nothing, handles no signal, never ends the process and has no global state. Whatever it raises on purpose is an \`AuraError\`.`;

/** The declaration of a name, and the file that it is in. */
interface Found {
  readonly file: ts.SourceFile;
  readonly node: Declared;
}

type Declared =
  | ts.ClassDeclaration
  | ts.FunctionDeclaration
  | ts.InterfaceDeclaration
  | ts.TypeAliasDeclaration
  | ts.VariableStatement;

/** A part of an index file: the comment it stands under, and the names it exports. */
interface Part {
  readonly title: string;
  readonly names: readonly string[];
}

/** `docs/library.md`: every export of the package with the first sentence of its docstring and its signature. */
export function generateLibrary(): string {
  const library = new Library();
  return `${[
    "<!-- Generated from the exports in src/ by `npm run generate`. Do not edit. -->",
    "# The library",
    INTRO,
    ...library.sections("index.ts"),
    "# aura-research/testing",
    "Contract suites for components of your own, and fakes that they are tested with.",
    ...library.sections("testing/index.ts"),
  ].join("\n\n")}\n`;
}

class Library {
  readonly #files = new Map<string, ts.SourceFile>();
  readonly #exported = new Set(
    ["index.ts", "testing/index.ts"].flatMap((index) => this.#parts(index).flatMap(({ names }) => names)),
  );

  /** Each part of an index as a heading and its exports, by name. */
  sections(index: string): readonly string[] {
    return this.#parts(index).flatMap(({ title, names }) => [
      ...(title === "" ? [] : [`## ${title}`]),
      ...names.toSorted((a, b) => (a < b ? -1 : 1)).flatMap((name) => this.#entry(index, name)),
    ]);
  }

  #parts(index: string): readonly Part[] {
    const file = this.#file(index);
    const parts: { title: string; names: string[] }[] = [];
    for (const statement of file.statements) {
      const comments = ts.getLeadingCommentRanges(file.text, statement.getFullStart()) ?? [];
      const titles = comments.map(({ pos, end }) => file.text.slice(pos, end).replace(/^\/\/ /, ""));
      if (titles.length > 0 || parts.length === 0) parts.push({ title: titles.at(-1) ?? "", names: [] });
      parts.at(-1)?.names.push(...namesIn(statement));
    }
    return parts;
  }

  #entry(index: string, name: string): readonly string[] {
    const { file, node } = this.#resolve(index, name);
    const text = [signature(name, node, file), ...this.#options(node, file)].join("\n\n");
    return [`### ${name}`, sentence(name, node), `\`\`\`typescript\n${text}\n\`\`\``];
  }

  /** What a constructor or a function takes that has a name of its own and is exported nowhere. */
  #options(node: Declared, file: ts.SourceFile): readonly string[] {
    return parametersOf(node)
      .flatMap(({ type }) => (type && ts.isTypeReferenceNode(type) ? [type.typeName.getText(file)] : []))
      .filter((name) => !this.#exported.has(name))
      .flatMap((name) => {
        const found = this.#find(file, name);
        return found && ts.isInterfaceDeclaration(found.node) ? [signature(name, found.node, found.file)] : [];
      });
  }

  #resolve(path: string, name: string): Found {
    const found = this.#find(this.#file(path), name);
    if (found === null) throw new Error(`${path} exports ${name}, which is not found`);
    return found;
  }

  /** The declaration of a name as it is known in a file: its own, or one from elsewhere. */
  #find(file: ts.SourceFile, name: string): Found | null {
    for (const statement of file.statements) {
      if (isDeclared(statement) && declaredName(statement) === name) return { file, node: statement };
      const source = moduleOf(statement);
      const original = source === null ? undefined : originals(statement).get(name);
      if (source === null || original === undefined) continue;
      return this.#find(this.#file(join(dirname(file.fileName), source)), original);
    }
    return null;
  }

  #file(path: string): ts.SourceFile {
    const known = this.#files.get(path);
    if (known) return known;
    const text = readFileSync(join(SRC, path), "utf8");
    const file = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
    this.#files.set(path, file);
    return file;
  }
}

function namesIn(statement: ts.Statement): readonly string[] {
  return ts.isExportDeclaration(statement) ? [...originals(statement).keys()] : [];
}

/** The relative module that a statement imports or exports from; `null` for any other. */
function moduleOf(statement: ts.Statement): string | null {
  if (!ts.isExportDeclaration(statement) && !ts.isImportDeclaration(statement)) return null;
  const { moduleSpecifier } = statement;
  const isOwn = moduleSpecifier && ts.isStringLiteral(moduleSpecifier) && moduleSpecifier.text.startsWith(".");
  return isOwn ? moduleSpecifier.text : null;
}

/** What the names that a statement imports or exports are called where they come from. */
function originals(statement: ts.Statement): ReadonlyMap<string, string> {
  const bindings = ts.isExportDeclaration(statement)
    ? statement.exportClause
    : ts.isImportDeclaration(statement)
      ? statement.importClause?.namedBindings
      : undefined;
  if (!bindings || !(ts.isNamedExports(bindings) || ts.isNamedImports(bindings))) return new Map();
  return new Map(bindings.elements.map(({ name, propertyName }) => [name.text, (propertyName ?? name).text]));
}

function isDeclared(node: ts.Node): node is Declared {
  return (
    ts.isClassDeclaration(node) ||
    ts.isFunctionDeclaration(node) ||
    ts.isInterfaceDeclaration(node) ||
    ts.isTypeAliasDeclaration(node) ||
    ts.isVariableStatement(node)
  );
}

function declaredName(node: Declared): string | undefined {
  const named = ts.isVariableStatement(node) ? node.declarationList.declarations[0] : node;
  return named?.name?.getText();
}

/** The first sentence of a docstring. Throws where there is none: every export has one. */
function sentence(name: string, node: ts.Node): string {
  const [comment] = ts.getJSDocCommentsAndTags(node);
  const text = (comment && ts.getTextOfJSDocComment(comment.comment))?.replace(/\s+/g, " ") ?? "";
  const [first = text] = /^.*?[.:](?= [A-Z`{]|$)/.exec(text) ?? [];
  if (first === "") throw new Error(`${name} is exported and has no docstring`);
  return first.replace(/[:.]?$/, ".");
}

function parametersOf(node: Declared): readonly ts.ParameterDeclaration[] {
  if (ts.isFunctionDeclaration(node)) return node.parameters;
  return ts.isClassDeclaration(node) ? (node.members.find(ts.isConstructorDeclaration)?.parameters ?? []) : [];
}

function signature(name: string, node: Declared, file: ts.SourceFile): string {
  if (ts.isFunctionDeclaration(node)) return withoutBody(node, file).replace(/^export (async )?/, "");
  const text = ts.isClassDeclaration(node) ? classText(name, node, file) : printed(node, file);
  return text.replace(/^export /, "");
}

const printer = ts.createPrinter({ removeComments: true });

function printed(node: ts.Node, file: ts.SourceFile): string {
  return printer
    .printNode(ts.EmitHint.Unspecified, node, file)
    .replaceAll(/^( +)/gm, (blanks) => " ".repeat(blanks.length / 2));
}

function classText(name: string, node: ts.ClassDeclaration, file: ts.SourceFile): string {
  const heritage = (node.heritageClauses ?? []).map((clause) => ` ${clause.getText(file)}`).join("");
  const members = node.members.filter(isForOthers).map((member) => `  ${withoutBody(member, file)};`);
  return [`class ${name}${heritage} {`, ...members, "}"].join("\n");
}

/** Whether a member is for users of a class or for its subclasses, and not for the class alone. */
function isForOthers(member: ts.ClassElement): boolean {
  if (ts.isClassStaticBlockDeclaration(member) || (member.name && ts.isPrivateIdentifier(member.name))) return false;
  if (member.name && ts.isComputedPropertyName(member.name)) return false;
  if (ts.isPropertyDeclaration(member) && !member.type) return false;
  return (ts.getCombinedModifierFlags(member) & ts.ModifierFlags.Private) === 0;
}

/** A declaration up to its body or its value, on one line. */
function withoutBody(node: ts.ClassElement | ts.FunctionDeclaration, file: ts.SourceFile): string {
  const end = "body" in node && node.body ? node.body : ts.isPropertyDeclaration(node) ? node.initializer : undefined;
  const text = file.text.slice(node.getStart(file), isNode(end) ? end.getStart(file) : node.end);
  return oneLine(text)
    .replace(/\b(?:override|async) /g, "")
    .replaceAll(/(?<=[(,] ?)_(?=\w+:)/g, "")
    .replace(/[\s=;]+$/, "");
}

function isNode(value: unknown): value is ts.Node {
  return typeof value === "object" && value !== null && "getStart" in value;
}

function oneLine(text: string): string {
  return text
    .replace(/\/\*\*.*?\*\//gs, "")
    .replace(/\/\/.*$/gm, "")
    .replace(/\s+/g, " ")
    .replace(/\( /g, "(")
    .replace(/,? \)/g, ")")
    .trim();
}
