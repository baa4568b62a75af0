import { type AnyDefinition, KINDS, type Kind, type KindMap } from "../kernel/define.ts";
import type { Files } from "../kernel/effects.ts";
import { messageOf, SpecError } from "../kernel/errors.ts";
import type { Registry } from "../kernel/registry.ts";
import { isJsonObject, type JsonObject } from "../model/json.ts";
import { compileSchema } from "../schema/validate.ts";
import { shown } from "../text/printable.ts";
import { isModulePath, ofOtherKind, placedSchema } from "./components.ts";
import { type Finding, finding } from "./diagnostics.ts";
import { nearFile } from "./meant.ts";
import { besides, type Site, sitesOf } from "./sites.ts";

/** Imports a module by absolute path and gives its exports. */
export type ModuleLoader = (path: string) => Promise<Readonly<Record<string, unknown>>>;

/** Components whose options may hold further modules are looked into this often. */
const MAX_ROUNDS = 8;

/**
 * Loads the users' own modules a spec names (`type: ./my-evaluator.ts`) and gives a registry that has them under their
 * path as written. What cannot be loaded or is not a component is told in `findings`.
 */
export async function loadUserModules(
  spec: JsonObject,
  registry: Registry,
  resolvePath: (path: string) => string,
  load: ModuleLoader,
  files: Files,
): Promise<{ readonly registry: Registry; readonly findings: readonly Finding[] }> {
  const findings: Finding[] = [];
  const tried = new Set<string>();
  let known = registry;
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const triedBefore = tried.size;
    for (const { place, path: at, value, definition } of sitesOf(spec, known)) {
      const type = isJsonObject(value) ? value.type : undefined;
      if (!place || definition || !isModulePath(type) || tried.has(`${place.kind} ${type}`)) continue;
      tried.add(`${place.kind} ${type}`);
      const path = resolvePath(type);
      const loaded = await loadDefinition(place.kind, type, path, load);
      const meant = files.realPath(path) === null ? nearFile(type, path, files, "module") : {};
      if (typeof loaded === "string") findings.push(finding([...at, "type"], loaded, meant));
      else known = known.with(loaded);
    }
    if (tried.size === triedBefore) break;
  }
  return { registry: known, findings };
}

/** The definition, or what is wrong. */
async function loadDefinition(
  kind: Kind,
  type: string,
  path: string,
  load: ModuleLoader,
): Promise<AnyDefinition | string> {
  try {
    const { default: exported } = await load(path);
    return asDefinition(exported, kind, type);
  } catch (thrown) {
    return messageOf(thrown).split("\n")[0] ?? `${type} cannot be loaded`;
  }
}

/** What a component of each kind has to have, and of which type. */
const NEEDED: { readonly [K in Kind]: Readonly<Partial<Record<keyof KindMap[K], "function" | "number" | "string">>> } =
  {
    researcher: { hypothesize: "function", numTasks: "number" },
    experimenter: { runExperiment: "function" },
    environment: { prepare: "function" },
    executor: { run: "function", cwd: "string" },
    collector: { collect: "function" },
    aggregator: { aggregate: "function" },
    evaluator: { evaluate: "function" },
    reviewer: { review: "function" },
    runner: { run: "function", name: "string" },
  };

/** A module's default export as the definition of a component of this kind. Throws `SpecError` that names what it lacks. */
function asDefinition(exported: unknown, kind: Kind, type: string): AnyDefinition {
  const how = `end it with: export default defineComponent({ kind: "${kind}", type: "…", summary: "…", options: { … }, example: { … }, create })`;
  if (typeof exported !== "object" || exported === null) {
    throw new SpecError(`${type} has no component as its default export; ${how}`);
  }
  const lack = lackOf(exported);
  if (lack !== null) throw new SpecError(`the component that ${type} exports ${lack}; ${how}`);
  if (!isDefinition(exported)) throw new SpecError(`${type} has no component as its default export; ${how}`);
  if (exported.kind !== kind) {
    throw new SpecError(ofOtherKind(type, exported.kind, kind));
  }
  assertSchema(exported, type);
  const { aliases: _aliases, ...definition } = exported;
  return { ...definition, type };
}

/** The first thing that is missing from a definition or of the wrong form, as the rest of a sentence. */
function lackOf(exported: object): string | null {
  const { kind, type, options, create }: { kind?: unknown; type?: unknown; options?: unknown; create?: unknown } =
    exported;
  if (kind === undefined) return "has no `kind`";
  if (!KINDS.some((known) => known === kind)) return `has an unknown \`kind\`, ${shown(kind)} (${KINDS.join(", ")})`;
  if (typeof type !== "string") return "has no `type`, its name";
  if (!isJsonObject(options)) return "has no `options`, the schema of its options";
  if (!isJsonObject(options.properties)) return "has no `options.properties`, the schema of each option ({} for none)";
  if (options.required !== undefined && !Array.isArray(options.required))
    return "has `options.required` that is no list";
  if (typeof create !== "function") return "has no `create`, the function that builds it";
  return null;
}

function isDefinition(exported: object): exported is AnyDefinition {
  return lackOf(exported) === null;
}

function assertSchema(definition: AnyDefinition, type: string): void {
  try {
    compileSchema(placedSchema(definition));
  } catch (thrown) {
    throw new SpecError(`in ${type} the schema of the options is invalid: ${messageOf(thrown)}`);
  }
}

/** A built component. Throws `SpecError` when `create` of a user's module fails, or gives something that is none. */
export function asComponent<K extends Kind>(kind: K, type: string, create: () => KindMap[K]): KindMap[K] {
  let built: KindMap[K];
  try {
    built = create();
  } catch (thrown) {
    if (thrown instanceof SpecError) throw thrown;
    throw new SpecError(`${type} could not be created: its \`create\` threw: ${messageOf(thrown)}`, [], {
      cause: thrown,
    });
  }
  const lack = lackOfComponent(kind, built);
  if (lack === null) return built;
  throw new SpecError(`what \`create\` of ${type} returned is no ${kind}: ${lack}`);
}

function lackOfComponent(kind: Kind, built: unknown): string | null {
  if (typeof built !== "object" || built === null) return `it is ${shown(built)}`;
  if (built instanceof Promise)
    return "it is a promise; give the component itself, and do what takes time in its `setup`";
  for (const [name, needed] of Object.entries(NEEDED[kind])) {
    const given: unknown = Reflect.get(built, name);
    if (typeof given === needed) continue;
    const what = needed === "function" ? `method \`${name}\`` : `\`${name}\``;
    return given === undefined ? `it has no ${what}` : `its \`${name}\` is ${shown(given)}, no ${needed}`;
  }
  return null;
}

/** Larger modules are not looked into. */
const LARGEST = 1024 * 1024;
const DECLARED =
  /\bexport\s+(?:(default)\b|(?:async\s+)?(?:function\s*\*?|class|const|let|var)\s+([\p{L}_$][\p{L}\p{N}_$]*))/gu;

/**
 * Functions that a spec names and whose names stand nowhere in their modules. The modules are read, not run: what they do
 * is not to happen before the run. One that hands on another's exports, or is CommonJS, is passed over.
 */
export function missingExports(
  sites: readonly Site[],
  resolvePath: (path: string) => string,
  files: Files,
): readonly Finding[] {
  return sites.flatMap((site) => {
    const { schema, value: module, path } = site;
    const option = isJsonObject(schema?.["x-module"]) ? schema["x-module"].export : undefined;
    const name = besides(site, option) ?? "default";
    if (typeof option !== "string" || typeof module !== "string" || typeof name !== "string") return [];
    const file = resolvePath(module);
    const stat = files.stat(files.realPath(file) ?? file);
    const text = stat?.kind === "file" && stat.size <= LARGEST ? files.readText(file) : null;
    if (text === null || text.includes(name) || /\bexport\s*\*|\bexports\b/.test(text)) return [];
    const names = [...text.matchAll(DECLARED)].map(([, byDefault, declared = byDefault ?? ""]) => declared);
    const known = names.length === 0 ? "" : `; it exports ${names.join(", ")}`;
    const more = { candidates: names, given: name };
    return [finding([...path.slice(0, -1), option], `${module} has no export "${name}"${known}`, more)];
  });
}
