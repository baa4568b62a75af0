import { createRequire } from "node:module";
import { type Diagnostic, isAuraError, messageOf, SpecError } from "../kernel/errors.ts";
import { clip } from "../text/printable.ts";
import {
  allOf,
  checkTemplate,
  OPEN,
  recordOf,
  type Shapes,
  syntaxProblem,
  type TemplatePath,
  type TemplateProblem,
} from "./template-check.ts";

/** A compiled prompt. Values are inserted as they are, without HTML escaping; helpers: `json yaml table truncate indent`. */
export interface PromptTemplate {
  readonly name: string;
  /** Names of the variables it uses, sorted. */
  readonly variables: readonly string[];
  /**
   * Throws `SpecError` when it uses a variable, or a field of one, that is not among these. With `parameters` a hypothesis's
   * are variables too, and their names are not known yet: then only a name that is near one of these is a mistake.
   */
  check(known: Shapes, options?: { readonly parameters: boolean }): void;
  /** The prompt. Throws `SpecError` when a variable or a field is unknown, or a helper cannot use what it got. */
  render(vars: Readonly<Record<string, unknown>>): string;
}

const BLOCK_HELPERS = ["each", "if", "unless", "with", "lookup"];

/** What becomes of a field that the data does not have when a template is rendered. */
export type Lacking = "error" | "empty";

/**
 * Compiles a Handlebars template. `name` is what messages call it, such as the file it came from; a field that the data
 * lacks is an error unless it is to be `empty`, a variable that there is not always. Partials and decorators are not
 * supported; nothing on a prototype can be reached. Throws `SpecError` on bad syntax.
 */
export function compilePrompt(source: string, name: string, lacking: Lacking = "error"): PromptTemplate {
  const shared = loadHandlebars();
  const handlebars = shared.create();
  for (const built of Object.keys(handlebars.helpers)) {
    if (![...BLOCK_HELPERS, "helperMissing", "blockHelperMissing"].includes(built)) handlebars.unregisterHelper(built);
  }
  for (const [helper, run] of Object.entries(PROMPT_HELPERS)) {
    handlebars.registerHelper(helper, (...args: unknown[]) => {
      const [value, ...others] = args.slice(0, -1);
      return value === undefined && lacking === "empty" ? "" : run([value, ...others]);
    });
  }
  const helpers = [...BLOCK_HELPERS, ...Object.keys(PROMPT_HELPERS)];
  const program = parsed(shared, source, name);
  const { variables, paths } = checkTemplate(shared, program, helpers, OPEN);
  const template = handlebars.compile<unknown>(source, {
    noEscape: true,
    strict: lacking === "error",
    preventIndent: true,
    knownHelpersOnly: true,
    knownHelpers: Object.fromEntries([...helpers.map((helper) => [helper, true]), ["log", false]]),
  });
  return {
    name,
    variables: [...variables].sort(),
    check(known, { parameters } = { parameters: false }) {
      const { problems } = checkTemplate(shared, program, helpers, recordOf(known));
      reject(name, parameters ? problems.filter((problem) => !mayBeParameter(problem)) : problems, Object.keys(known));
    },
    render(vars) {
      const known = Object.keys(vars);
      reject(name, checkTemplate(shared, program, helpers, recordOf(allOf(known, OPEN))).problems, known);
      const options = { allowProtoPropertiesByDefault: false, allowProtoMethodsByDefault: false };
      try {
        return template(vars, options);
      } catch (thrown) {
        throw renderingError(name, thrown, paths);
      }
    },
  };
}

/** Renders a prompt template once: `compilePrompt` and `render` in one call. Throws `SpecError` as they do. */
export function renderPrompt(source: string, vars: Readonly<Record<string, unknown>>): string {
  return compilePrompt(source, "prompt").render(vars);
}

function parsed(handlebars: typeof import("handlebars"), source: string, name: string) {
  try {
    return handlebars.parse(source);
  } catch (thrown) {
    const problem = syntaxProblem(source, messageOf(thrown));
    const message = `${name}:${problem.line}:${problem.column}: ${problem.message}`;
    throw new SpecError(message, [{ path: name, ...problem }], { cause: thrown });
  }
}

function reject(template: string, problems: readonly TemplateProblem[], known: readonly string[]): void {
  if (problems.length === 0) return;
  const diagnostics = problems.map((problem): Diagnostic => ({ path: template, ...problem }));
  const lines = diagnostics.map(({ line, message }) => `${template}:${line}: ${message}`);
  const names = problems.some(isUnknownName) ? [`known variables: ${[...known].sort().join(", ")}`] : [];
  throw new SpecError([...lines, ...names].join("\n"), diagnostics);
}

function isUnknownName({ message }: TemplateProblem): boolean {
  return message.startsWith("unknown variable");
}

function mayBeParameter(problem: TemplateProblem): boolean {
  return isUnknownName(problem) && problem.suggestion === undefined;
}

const NOT_DEFINED = /^"(.*)" not defined in /s;
const NOT_AN_OBJECT = /^Cannot use 'in' operator to search for '(.*)' in /s;
const NOTHING = /^Cannot read properties of (?:undefined|null) \(reading '(.*)'\)/s;

/** What went wrong with the values a template was given, as an error that names the template, the place and the field. */
function renderingError(name: string, thrown: unknown, paths: readonly TemplatePath[]): unknown {
  // A variable may be worked out when it is used, from records that cannot be read: no fault of the template.
  if (isAuraError(thrown) && !(thrown instanceof SpecError)) return thrown;
  const message = messageOf(thrown);
  const field = (NOT_DEFINED.exec(message) ?? NOT_AN_OBJECT.exec(message) ?? NOTHING.exec(message))?.[1];
  if (field === undefined) return new SpecError(`${name}: ${message}`, [], { cause: thrown });
  const [, line, column] = / - (\d+):(\d+)$/.exec(message) ?? [];
  const at = paths.find((path) => {
    const isThere = line === undefined || (path.line === Number(line) && path.column === Number(column) + 1);
    return isThere && path.parts.includes(field);
  });
  const where = at ? `${name}:${at.line}:${at.column}: {{${at.text}}}: ` : `${name}: `;
  return new SpecError(`${where}there is no field "${field}" here`, [], { cause: thrown });
}

/** Loaded on first use: most commands render no prompt. */
function loadHandlebars(): typeof import("handlebars") {
  const handlebars: typeof import("handlebars") = createRequire(import.meta.url)("handlebars");
  return handlebars;
}

/** A helper of prompt templates: gets its arguments, gives text. */
export type PromptHelper = (args: readonly unknown[]) => string;

/**
 * `{{json x}}` and `{{json x 0}}` (spaces of indentation, default 2), `{{yaml x}}`, `{{table rows}}` or
 * `{{table rows "id" "score"}}` (a Markdown table of a list of objects, or of one, by these columns or all),
 * `{{truncate x 200}}` (at most so many characters), `{{indent x 4}}` (each line by so many spaces).
 */
export const PROMPT_HELPERS: Readonly<Record<string, PromptHelper>> = {
  json: ([value, spaces]) => JSON.stringify(given("json", value), null, count("json", spaces, 2)) ?? "null",
  yaml: ([value]) => toYaml(given("yaml", value)).trimEnd(),
  table: ([rows, ...columns]) => table(given("table", rows), columns.map(String)),
  truncate: ([value, length]) => clip(text(given("truncate", value)), count("truncate", length, 200)),
  indent: ([value, spaces]) => {
    const margin = " ".repeat(Math.min(count("indent", spaces, 2), 80));
    return text(given("indent", value)).replace(/^(?=.)/gm, margin);
  },
};

function given(helper: string, value: unknown): unknown {
  if (value === undefined) throw new SpecError(`the helper "${helper}" was given nothing; write {{${helper} name}}`);
  return value;
}

function count(helper: string, value: unknown, fallback: number): number {
  if (value === undefined) return fallback;
  const number = Number(value);
  if (Number.isInteger(number) && number >= 0) return number;
  throw new SpecError(`the helper "${helper}" needs a whole number, not ${JSON.stringify(value)}`);
}

function text(value: unknown): string {
  return value === null ? "" : String(value);
}

function toYaml(value: unknown): string {
  const yaml: typeof import("yaml") = createRequire(import.meta.url)("yaml");
  const plain: unknown = JSON.parse(JSON.stringify(value) ?? "null");
  return yaml.stringify(plain, { lineWidth: 0 });
}

function table(rows: unknown, wanted: readonly string[]): string {
  const all: readonly unknown[] = Array.isArray(rows) ? rows : [rows];
  if (all.length === 0) return "";
  const records = all.map((row) => (typeof row === "object" && row !== null ? row : { value: row }));
  const columns = wanted.length > 0 ? wanted : [...new Set(records.flatMap((record) => Object.keys(record)))];
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  const body = records.map((record) => {
    const fields = new Map<string, unknown>(Object.entries(record));
    return line(columns.map((column) => cell(fields.get(column))));
  });
  return [line(columns), line(columns.map(() => "---")), ...body].join("\n");
}

function cell(value: unknown): string {
  if (value === undefined || value === null) return "";
  const shown = typeof value === "object" ? JSON.stringify(value) : String(value);
  return shown.replaceAll("|", "\\|").replace(/\s+/g, " ").trim();
}
