import { declaredParameters, parameterNames } from "../components/space/schema.ts";
import type { DeclaredParameters, ParameterNames } from "../model/hypothesis.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "../model/json.ts";
import { commandText } from "../model/settings.ts";
import {
  CommandError,
  compileCommand,
  compileText,
  sharedVariable,
  type Use,
  variableName,
} from "../platform/command.ts";
import { shown } from "../text/printable.ts";
import { type Finding, finding } from "./diagnostics.ts";
import type { SpecPath } from "./places.ts";
import { besides, type Site } from "./sites.ts";

/** A command template of a spec, and where it stands. */
export interface PlacedCommand {
  readonly path: SpecPath;
  readonly command: string | readonly string[];
  readonly shell: boolean;
  /** Part of an experiment rather than a check or an evaluator. */
  readonly experiment: boolean;
  /** Environment variables, whose values are templates too. */
  readonly variables: readonly { readonly path: SpecPath; readonly name: string; readonly value: string }[];
}

/** The command templates of a spec: what its schemas say is one. */
export function placedCommands(sites: readonly Site[]): readonly PlacedCommand[] {
  return sites.flatMap((site) => {
    const { path, value: command, schema } = site;
    const said = schema?.["x-command"];
    if (!isJsonObject(said) || !isCommand(command) || command.length === 0) return [];
    const [shell, env] = [besides(site, said.shell), besides(site, said.env)];
    // Whether a shell is meant is not known, and with it what the command may hold.
    if (shell !== undefined && typeof shell !== "boolean") return [];
    const variables = Object.entries(isJsonObject(env) ? env : {}).flatMap(([name, value]) =>
      typeof value === "string" ? [{ path: [...path.slice(0, -1), String(said.env), name], name, value }] : [],
    );
    return [{ path, command, shell: shell === true, experiment: path[0] === "experimenter", variables }];
  });
}

function isCommand(value: JsonValue | undefined): value is string | readonly string[] {
  return typeof value === "string" || (Array.isArray(value) && value.every((word) => typeof word === "string"));
}

/** A search space of a spec, as written, and where it stands. */
export interface PlacedSpace {
  readonly path: SpecPath;
  readonly parameters: JsonObject;
}

/** The search space that commands are filled from, where there is one. */
export function placedSpace(sites: readonly Site[]): PlacedSpace | null {
  const space = sites.find(({ schema, value }) => schema?.["x-space"] === true && isJsonObject(value));
  return space && isJsonObject(space.value) ? { path: space.path, parameters: space.value } : null;
}

/** What the researcher's options say that parameters can be. */
export function declaredInSpec(sites: readonly Site[]): DeclaredParameters {
  return declaredParameters(...saidOfParameters(sites));
}

/** What they say that parameters are called. */
export function namedInSpec(sites: readonly Site[]): ParameterNames {
  return parameterNames(...saidOfParameters(sites));
}

function saidOfParameters(sites: readonly Site[]) {
  const said = (annotation: true | "schema") => sites.find(({ schema }) => schema?.["x-space"] === annotation)?.value;
  return [said(true), said("schema")] as const;
}

interface Findings {
  readonly errors: Finding[];
  readonly warnings: Finding[];
}

/** What is wrong with the commands of a spec, and what is odd about how they use the search space. */
export function checkCommands(
  commands: readonly PlacedCommand[],
  space: PlacedSpace | null,
  declared: DeclaredParameters,
): { readonly errors: readonly Finding[]; readonly warnings: readonly Finding[] } {
  const found: Findings = { errors: [], warnings: [] };
  const used = new Set<string>();
  const shared = space && commands.length > 0 ? sharedVariable(Object.keys(space.parameters)) : null;
  if (space && shared) {
    const [one, other] = shared;
    const message = `commands find ${one} and ${other} in the same variable, $${variableName(one)}; rename one of them`;
    found.errors.push(finding([...space.path, other], message, { about: "key" }));
  }
  for (const { path, uses } of commands.flatMap((placed) => templatesOf(placed, declared, found.errors))) {
    for (const use of uses) {
      if (/^(?:aura|case)\./.test(use.name)) continue;
      const parameter = space ? checkParameter(path, use, space, found) : use.name;
      if (parameter !== null) used.add(parameter);
    }
  }
  for (const { command, shell, path } of commands) {
    if (shell) found.warnings.push(...bracesInShell(commandText(command), path, space));
  }
  const experiments = commands.filter(({ experiment }) => experiment);
  if (space && found.errors.length === 0 && experiments.length > 0 && !experiments.some(takesEverything)) {
    const names = Object.keys(space.parameters);
    if (names.length > 1 && !names.some((name) => used.has(name)))
      found.warnings.push(finding(space.path, NOTHING_USED, { about: "key" }));
    else
      for (const name of names.filter((one) => !used.has(one)))
        found.warnings.push(finding([...space.path, name], `no command uses {${name}}`, { about: "key" }));
  }
  return found;
}

const NOTHING_USED =
  "no command uses a parameter, as {name} or {aura.args...}; all is well where the program reads the file $AURA_TRIAL_PARAMS";

interface Template {
  readonly path: SpecPath;
  readonly uses: readonly Use[];
}

/** A command and the values of its environment variables, compiled; what cannot be goes to `errors`. */
function templatesOf(placed: PlacedCommand, declared: DeclaredParameters, errors: Finding[]): readonly Template[] {
  const { command, shell, variables, path } = placed;
  const compiled = (at: SpecPath, compile: () => readonly Use[]): readonly Template[] => {
    try {
      return [{ path: at, uses: compile() }];
    } catch (thrown) {
      if (!(thrown instanceof CommandError)) throw thrown;
      errors.push(finding(at, thrown.message, about(thrown)));
      return [];
    }
  };
  const values = variables.flatMap(({ path: at, value }) => compiled(at, () => compileText(value).uses));
  const own = compiled(path, () => {
    const template = compileCommand(command, { shell });
    template.check(declared);
    return template.uses;
  });
  return [...own, ...values];
}

function about({ written, meant }: CommandError): Partial<Finding> {
  return { ...(written === undefined ? {} : { within: written }), ...(meant === undefined ? {} : { meant }) };
}

/** What looks like a placeholder where there are none. */
function bracesInShell(text: string, path: SpecPath, space: PlacedSpace | null): readonly Finding[] {
  return [...text.matchAll(/(?<!\$)\{([\w.-]+)(?:\.\.\.)?\??\}/g)].flatMap(([within, name = ""]) => {
    const isOwn = name.startsWith("aura.");
    if (!isOwn && !(space && Object.hasOwn(space.parameters, name))) return [];
    const variable = isOwn ? `AURA_${name.slice("aura.".length).toUpperCase()}` : variableName(name);
    return [finding(path, `with \`shell: true\` braces mean nothing; write "$${variable}"`, { within })];
  });
}

/** Holds a use against the search space. The parameter that is used, or `null`. */
function checkParameter(path: SpecPath, use: Use, space: PlacedSpace, { errors, warnings }: Findings): string | null {
  const { name, written: within, optional } = use;
  const isVariable = within === name;
  const names = Object.keys(space.parameters);
  const parameter = isVariable
    ? names.find((known) => variableName(known) === name)
    : names.includes(name)
      ? name
      : names.find((known) => name.startsWith(`${known}.`));
  if (parameter === undefined) {
    const message = `the search space has no parameter ${isVariable ? `for $${name}` : `{${name}}`}; it has ${names.join(", ")}`;
    const candidates = isVariable ? names.map(variableName) : names;
    (optional ? warnings : errors).push(finding(path, message, { within, given: name, candidates }));
    return null;
  }
  const definition = space.parameters[parameter];
  if (!isJsonObject(definition)) return parameter;
  if (!isVariable && name !== parameter && !holdsObjects(definition)) {
    const found = finding(path, `no value of ${parameter} has parts, so {${name}} is never there`, { within });
    (optional ? warnings : errors).push(found);
  } else if (!optional && definition.when !== undefined) {
    const instead = isVariable ? `$\${${name}:-}` : `{${name}?}`;
    const message = `${isVariable ? `$${name}` : within} has no value where its \`when\` does not hold, and the command fails there; write ${instead}`;
    warnings.push(finding(path, message, { within }));
  } else if (use.joined !== undefined && reachesExponents(definition)) {
    const message = `${within} can come out like -4e-7, which many programs take for an option; write ${use.joined}`;
    warnings.push(finding(path, message, { within }));
  } else if (use.behind !== undefined) {
    const choice = optionAmong(definition);
    const message = `${within} can be ${shown(choice)}, which most programs take for another option; write ${use.joined} if it is the value of ${use.behind}`;
    if (choice !== undefined) warnings.push(finding(path, message, { within }));
  }
  return parameter;
}

/** A choice that would be read as an option. */
function optionAmong({ choices }: JsonObject): string | undefined {
  const texts = Array.isArray(choices) ? choices.filter((choice) => typeof choice === "string") : [];
  return texts.find((choice) => /^-[^\d.]/.test(choice));
}

/** Whether a negative value can be so small that it is written with an exponent. */
function reachesExponents({ type, low, high, step }: JsonObject): boolean {
  if (type !== "float" || step !== undefined || typeof low !== "number" || typeof high !== "number") return false;
  return low < 0 && high > -1e-6;
}

/** Whether a parameter can have a value that has parts. */
function holdsObjects({ choices }: JsonObject): boolean {
  return Array.isArray(choices) && choices.some((choice) => typeof choice === "object" && choice !== null);
}

/** Whether a command gets all parameters at once, or reads them from where AURA puts them. */
function takesEverything({ command }: PlacedCommand): boolean {
  return /\{aura\.args\.\.\.|\{aura\.params_file|AURA_TRIAL_PARAMS/.test(commandText(command));
}
