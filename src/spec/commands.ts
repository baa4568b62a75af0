import { isJsonObject, type JsonObject, type JsonValue } from "../model/json.ts";
import { CommandError, compileCommand, compileVariable } from "../platform/command.ts";
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

/** AURA's own names in commands, without `aura.`. */
const AURA_NAMES = [
  "id",
  "trial_id",
  "trial_dir",
  "trial_index",
  "seed",
  "slot",
  "workspace",
  "root",
  "inputs",
  "params_file",
  "args",
] as const;

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

/** What is wrong with the commands of a spec, and what is odd about how they use the search space. */
export function checkCommands(
  commands: readonly PlacedCommand[],
  space: PlacedSpace | null,
): { readonly errors: readonly Finding[]; readonly warnings: readonly Finding[] } {
  const errors: Finding[] = [];
  const warnings: Finding[] = [];
  const used = new Set<string>();
  for (const { path, source, placeholders } of commands.flatMap((placed) => templatesOf(placed, errors))) {
    for (const name of placeholders) {
      used.add(name);
      if (name.startsWith("aura.")) errors.push(...auraName(path, name));
      else if (space) checkParameter(path, source, name, space, errors, warnings);
    }
  }
  const experiments = commands.filter(({ experiment }) => experiment);
  if (space && errors.length === 0 && experiments.length > 0 && !experiments.some(takesEverything)) {
    for (const name of Object.keys(space.parameters)) {
      if ([...used].some((word) => word === name || word.startsWith(`${name}.`))) continue;
      warnings.push(finding([...space.path, name], `no command uses {${name}}`, { about: "key" }));
    }
  }
  return { errors, warnings };
}

interface Template {
  readonly path: SpecPath;
  readonly source: string;
  readonly placeholders: readonly string[];
}

/** A command and the values of its environment variables, compiled; what cannot be goes to `errors`. */
function templatesOf(placed: PlacedCommand, errors: Finding[]): readonly Template[] {
  const { command, shell, variables, path } = placed;
  const compiled = (at: SpecPath, source: string, compile: () => readonly string[]): readonly Template[] => {
    try {
      return [{ path: at, source, placeholders: compile() }];
    } catch (thrown) {
      if (!(thrown instanceof CommandError)) throw thrown;
      errors.push(finding(at, thrown.message));
      return [];
    }
  };
  const values = variables.flatMap(({ path: at, name, value }) =>
    compiled(at, value, () => compileVariable(name, value).placeholders),
  );
  return [...compiled(path, textOf(command), () => compileCommand(command, { shell }).placeholders), ...values];
}

function textOf(command: PlacedCommand["command"]): string {
  return typeof command === "string" ? command : command.join(" ");
}

function auraName(path: SpecPath, name: string): readonly Finding[] {
  const own = name.slice("aura.".length);
  if (AURA_NAMES.some((known) => known === own)) return [];
  const candidates = AURA_NAMES.map((known) => `aura.${known}`);
  const message = `AURA has no {${name}}; it has ${AURA_NAMES.join(", ")}`;
  return [finding(path, message, { within: `{${name}`, given: name, candidates })];
}

function checkParameter(
  path: SpecPath,
  source: string,
  name: string,
  space: PlacedSpace,
  errors: Finding[],
  warnings: Finding[],
): void {
  const optional = source.includes(`{${name}?}`) || source.includes(`{${name}...?}`);
  const candidates = Object.keys(space.parameters);
  const parameter = candidates.includes(name) ? name : candidates.find((known) => name.startsWith(`${known}.`));
  const within = `{${name}`;
  if (parameter === undefined) {
    const message = `the search space has no parameter {${name}}; it has ${candidates.join(", ")}`;
    (optional ? warnings : errors).push(finding(path, message, { within, given: name, candidates }));
    return;
  }
  const definition = space.parameters[parameter];
  if (name !== parameter && isJsonObject(definition) && !holdsObjects(definition)) {
    const found = finding(path, `no value of ${parameter} has parts, so {${name}} is never there`, { within });
    (optional ? warnings : errors).push(found);
    return;
  }
  if (optional || !isJsonObject(definition) || definition.when === undefined) return;
  const message = `{${name}} has no value where its \`when\` does not hold, and the command fails there; write {${name}?}`;
  warnings.push(finding(path, message, { within }));
}

/** Whether a parameter can have a value that has parts. */
function holdsObjects({ choices }: JsonObject): boolean {
  return Array.isArray(choices) && choices.some((choice) => typeof choice === "object" && choice !== null);
}

/** Whether a command gets all parameters at once, or reads them from where AURA puts them. */
function takesEverything({ command }: PlacedCommand): boolean {
  return /\{aura\.args\.\.\.|\{aura\.params_file|AURA_TRIAL_PARAMS/.test(textOf(command));
}
