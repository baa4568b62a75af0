import { type AnyDefinition, KINDS, type Kind, type KindMap } from "../kernel/define.ts";
import { messageOf, SpecError } from "../kernel/errors.ts";
import { isJsonObject } from "../model/json.ts";
import { compileSchema } from "../schema/validate.ts";
import { shown } from "../text/printable.ts";
import { anKind, placedSchema } from "./components.ts";

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
export function asDefinition(exported: unknown, kind: Kind, type: string): AnyDefinition {
  const how = `end it with: export default defineComponent({ kind: "${kind}", type: "…", summary: "…", options: { … }, example: { … }, create })`;
  if (typeof exported !== "object" || exported === null) {
    throw new SpecError(`${type} has no component as its default export; ${how}`);
  }
  const lack = lackOf(exported);
  if (lack !== null) throw new SpecError(`the component that ${type} exports ${lack}; ${how}`);
  if (!isDefinition(exported)) throw new SpecError(`${type} has no component as its default export; ${how}`);
  if (exported.kind !== kind) {
    throw new SpecError(`${type} is a component of kind ${exported.kind}, and ${anKind(kind)} is needed here`);
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
  for (const [name, schema] of Object.entries(definition.options.properties)) {
    try {
      compileSchema({ type: "object", properties: { [name]: schema }, additionalProperties: false });
    } catch (thrown) {
      throw new SpecError(`in ${type} the schema of the option "${name}" is invalid: ${messageOf(thrown)}`);
    }
  }
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
