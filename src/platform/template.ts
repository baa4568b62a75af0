import { createRequire } from "node:module";
import { type Diagnostic, isAuraError, messageOf, SpecError } from "../kernel/errors.ts";
import { nearest } from "../kernel/nearest.ts";
import { PROMPT_HELPERS } from "./template-helpers.ts";
import { rootReferences, type TemplateReference } from "./template-references.ts";

/** A compiled prompt. Values are inserted as they are, without HTML escaping; helpers: `json yaml table truncate indent`. */
export interface PromptTemplate {
  readonly name: string;
  /** Names of the variables it uses, sorted. */
  readonly variables: readonly string[];
  /** Throws `SpecError` when the template uses a variable that is not among these. */
  check(known: readonly string[]): void;
  /** The prompt. Throws `SpecError` when a variable or a field is unknown, or a helper cannot use what it got. */
  render(vars: Readonly<Record<string, unknown>>): string;
}

const BLOCK_HELPERS = ["each", "if", "unless", "with", "lookup"];

/**
 * Compiles a Handlebars template in strict mode. `name` is what messages call it, such as the file it came from.
 * Partials and decorators are not supported; nothing on a prototype can be reached. Throws `SpecError` on bad syntax
 * and on unknown helpers.
 */
export function compilePrompt(source: string, name: string): PromptTemplate {
  const shared = loadHandlebars();
  const handlebars = shared.create();
  for (const built of Object.keys(handlebars.helpers)) {
    if (![...BLOCK_HELPERS, "helperMissing", "blockHelperMissing"].includes(built)) handlebars.unregisterHelper(built);
  }
  for (const [helper, run] of Object.entries(PROMPT_HELPERS)) {
    handlebars.registerHelper(helper, (...args: unknown[]) => run(args.slice(0, -1)));
  }
  const helpers = [...BLOCK_HELPERS, ...Object.keys(PROMPT_HELPERS)];
  const references = userError(name, () => rootReferences(shared, shared.parse(source), helpers));
  const template = handlebars.compile<unknown>(source, {
    noEscape: true,
    strict: true,
    preventIndent: true,
    knownHelpersOnly: true,
    knownHelpers: Object.fromEntries([...helpers.map((helper) => [helper, true]), ["log", false]]),
  });
  const check = (known: readonly string[]): void => reject(name, references, known);
  return {
    name,
    variables: [...new Set(references.map((reference) => reference.name))].sort(),
    check,
    render(vars) {
      check(Object.keys(vars));
      const options = { allowProtoPropertiesByDefault: false, allowProtoMethodsByDefault: false };
      return userError(name, () => template(vars, options));
    },
  };
}

/** Renders a prompt template once: `compilePrompt` and `render` in one call. Throws `SpecError` as they do. */
export function renderPrompt(source: string, vars: Readonly<Record<string, unknown>>): string {
  return compilePrompt(source, "prompt").render(vars);
}

function reject(template: string, references: readonly TemplateReference[], known: readonly string[]): void {
  const unknown = references.filter((reference) => !known.includes(reference.name));
  if (unknown.length === 0) return;
  const diagnostics = unknown.map((reference): Diagnostic => {
    const near = nearest(reference.name, known);
    return {
      path: template,
      message: `unknown variable "${reference.name}"${near ? `; did you mean "${near}"?` : ""}`,
      line: reference.line,
      column: reference.column,
      ...(near ? { suggestion: near } : {}),
    };
  });
  const lines = diagnostics.map(({ line, message }) => `${template}:${line}: ${message}`);
  throw new SpecError([...lines, `known variables: ${[...known].sort().join(", ")}`].join("\n"), diagnostics);
}

/** What went wrong in the user's template, as an error that names the template. */
function userError<T>(name: string, run: () => T): T {
  try {
    return run();
  } catch (thrown) {
    // A variable may be worked out when it is used, from records that cannot be read: no fault of the template.
    if (isAuraError(thrown)) throw thrown;
    const missing = /^"(.*)" not defined in /s.exec(messageOf(thrown));
    const reason = missing ? `there is no field "${missing[1]}" here` : messageOf(thrown);
    const where = /\d+:\d+$/.exec(messageOf(thrown))?.[0];
    throw new SpecError(`${name}${missing && where ? `:${where}` : ""}: ${reason}`, [], { cause: thrown });
  }
}

/** Loaded on first use: most commands render no prompt. */
function loadHandlebars(): typeof import("handlebars") {
  const handlebars: typeof import("handlebars") = createRequire(import.meta.url)("handlebars");
  return handlebars;
}
