import { resolve } from "node:path";
import type { AnyDefinition, ComponentDeps, Kind, KindMap } from "../kernel/define.ts";
import type { Effects } from "../kernel/effects.ts";
import { type Diagnostic, EXIT, isAuraError, messageOf, SpecError } from "../kernel/errors.ts";
import { createRedactor } from "../kernel/redact.ts";
import type { Registry } from "../kernel/registry.ts";
import type { ParameterNames } from "../model/hypothesis.ts";
import { isJsonObject, type JsonObject } from "../model/json.ts";
import type { MetricSettings } from "../model/settings.ts";
import type { ComponentConfig } from "../schema/infer.ts";
import { namedInSpec } from "./commands.ts";
import { isModulePath, optionsOf } from "./components.ts";
import { type Finding, finding, pathText } from "./diagnostics.ts";
import { asComponent } from "./modules.ts";
import { type SpecPaths, specPaths } from "./paths.ts";
import { isWithin, type SpecPath } from "./places.ts";
import { knownComponents, type Site, sitesOf } from "./sites.ts";
import { createOptionsChecker, type OptionsChecker } from "./structure.ts";

/** What is needed to build the components of a spec. */
export interface BuildOptions {
  /** The spec with its defaults, before or after it was found valid as a whole. */
  readonly spec: JsonObject;
  readonly dir: string;
  readonly registry: Registry;
  readonly metric: MetricSettings;
  readonly effects: Effects;
  /** What files that components write are not to hold. Default: nothing. */
  readonly secrets?: readonly string[];
}

/** Builds components of one spec; runners that it names are built once and shared. */
export class ComponentBuilder {
  readonly #options: BuildOptions;
  readonly #paths: SpecPaths;
  readonly #check: OptionsChecker;
  /** Where the configs of the spec stand; others come from the components themselves, and are checked when built. */
  readonly #places: ReadonlyMap<object, SpecPath>;
  readonly #parameters: ParameterNames;
  readonly #runners = new Map<string, KindMap["runner"]>();

  constructor(options: BuildOptions) {
    const { spec, dir, registry } = options;
    this.#options = options;
    this.#paths = specPaths(dir, spec.root);
    this.#check = createOptionsChecker(registry);
    const sites = sitesOf(spec, registry);
    this.#places = new Map(knownComponents(sites).map(({ config, path }) => [config, path]));
    this.#parameters = namedInSpec(sites);
  }

  /** Builds a component from its config, or gives the runner that a name stands for. Throws `SpecError`. */
  build<K extends Kind>(kind: K, config: ComponentConfig, name?: string): KindMap[K] {
    if (typeof config === "string") return this.#named(kind, config);
    const definition = this.#options.registry.get(kind, config.type);
    const place = this.#places.get(config);
    const issues = place ? [] : this.#check(definition, config);
    if (issues[0]) {
      const [{ path, message }] = [issues[0]];
      throw new SpecError(`${kind} ${config.type}: ${path.length > 0 ? `${pathText(path)}: ` : ""}${message}`);
    }
    try {
      return createComponent(definition, optionsOf(definition, config), this.#deps(name ?? definition.type));
    } catch (thrown) {
      throw placed(thrown, place, config);
    }
  }

  #named<K extends Kind>(kind: K, name: string): KindMap[K] {
    const runners = this.#options.spec.runners;
    const config = isJsonObject(runners) && Object.hasOwn(runners, name) ? runners[name] : undefined;
    if (kind !== "runner" || !isConfig(config)) {
      throw new SpecError(`there is no ${kind} "${name}"; only runners have names, under \`runners\``);
    }
    const built = this.#runners.get(name) ?? this.build("runner", config, name);
    this.#runners.set(name, built);
    return ofKind(kind, built);
  }

  #deps(name: string): ComponentDeps {
    const { effects, metric, secrets = [] } = this.#options;
    const { dir, root } = this.#paths;
    return {
      effects,
      metric,
      parameters: this.#parameters,
      specDir: dir,
      root,
      name,
      build: (kind, config) => this.build(kind, config),
      hide: createRedactor(secrets),
      resolvePath: (path) => resolve(dir, path),
    };
  }
}

/** A component that cannot be built although its options are valid, and where in the spec that stands. */
class BuildError extends SpecError {
  readonly findings: readonly Finding[];

  constructor(message: string, findings: readonly Finding[], cause: unknown) {
    super(message, [], { cause });
    this.findings = findings;
  }
}

/** The innermost component of the spec is where the error belongs. */
function placed(thrown: unknown, place: SpecPath | undefined, config: JsonObject): unknown {
  if (!place || thrown instanceof BuildError) return thrown;
  if (isAuraError(thrown) && thrown.exitCode !== EXIT.usage) return thrown;
  return new BuildError(messageOf(thrown), findingsOf(thrown, place, config), thrown);
}

/** What the component says of its options is told there, the rest where it stands. */
function findingsOf(thrown: unknown, place: SpecPath, config: JsonObject): readonly Finding[] {
  const said = thrown instanceof SpecError ? thrown.diagnostics : [];
  const found = said.flatMap((problem): readonly Finding[] => {
    const { path, message, file, line } = problem;
    const given = Object.hasOwn(config, path) ? config[path] : undefined;
    if (given === undefined) return [];
    const at = [...place, path];
    if (file !== undefined) return [finding(at, `${file}:${line ?? 1}:${problem.column ?? 1}: ${message}`)];
    return [finding(at, message, typeof given === "string" && line !== undefined ? wordAt(given, problem) : {})];
  });
  return found.length > 0 ? found : [finding(place, messageOf(thrown), { about: "key" })];
}

/** The word of a text that a diagnostic is about, to be found where the text is written in the spec. */
function wordAt(text: string, { line = 1, column = 1 }: Diagnostic): Pick<Finding, "within"> {
  const from = text.split("\n")[line - 1]?.slice(column - 1) ?? "";
  const within = /^(?:\{\{[^\n{}]*\}\}|[^\s{}()|~=]+|\S+)/.exec(from)?.[0];
  return within === undefined ? {} : { within };
}

/**
 * What only shows when the components are built, such as a prompt with an unknown variable. Those that are faulty, or have
 * a faulty or broken runner, are left out: what is wrong with it has been told.
 */
export function checkBuilt(
  options: BuildOptions,
  sites: readonly Site[],
  isFaulty: (path: SpecPath) => boolean,
): { readonly errors: readonly Finding[]; readonly warnings: readonly Finding[] } {
  const { spec } = options;
  const builder = new ComponentBuilder(options);
  const found: Finding[] = [];
  const broken = new Set<string>();
  const attempt = <K extends Kind>(kind: K, path: SpecPath, config: unknown, name?: string): KindMap[K] | undefined => {
    const uses = sites.filter((site) => site.place && isWithin(site.path, path)).map(({ value }) => value);
    const isUnsound = uses.some(
      (used) => typeof used === "string" && (broken.has(used) || isFaulty(["runners", used])),
    );
    if (!isConfig(config) || isFaulty(path) || isUnsound) return undefined;
    try {
      return builder.build(kind, config, name);
    } catch (thrown) {
      if (name !== undefined) broken.add(name);
      if (isAuraError(thrown) && thrown.exitCode !== EXIT.usage) return undefined;
      if (thrown instanceof BuildError) found.push(...thrown.findings);
      else found.push(finding(path, messageOf(thrown), { about: "key" }));
      return undefined;
    }
  };
  const runners = isJsonObject(spec.runners) ? spec.runners : {};
  for (const [name, config] of Object.entries(runners)) attempt("runner", ["runners", name], config, name);
  const researcher = attempt("researcher", ["researcher"], spec.researcher);
  const experimenter = attempt("experimenter", ["experimenter"], spec.experimenter);
  const evaluator = attempt("evaluator", ["evaluator"], spec.evaluator);
  attempt("reviewer", ["reviewer"], spec.reviewer);
  // An evaluator that says what it scores by takes it from the summary.
  const { name = options.metric.name } = evaluator?.metric ?? {};
  const never = evaluator?.metric && experimenter?.aggregator?.whyNever?.(name);
  const aggregator = sites.find(({ place }) => place?.kind === "aggregator");
  if (never && aggregator) found.push(finding(aggregator.path, never));
  if (!researcher || !experimenter) return { errors: found, warnings: [] };
  try {
    const { root } = specPaths(options.dir, spec.root);
    const each = experimenter.trialsEach?.(root, options.effects.files) ?? 1;
    return { errors: found, warnings: idleSlots(spec.parallel, researcher.numTasks, each) };
  } catch (thrown) {
    if (!(thrown instanceof SpecError)) throw thrown;
    return { errors: [...found, finding(["experimenter"], messageOf(thrown), { about: "key" })], warnings: [] };
  }
}

function idleSlots(parallel: unknown, numTasks: number, each: number): readonly Finding[] {
  const most = numTasks * each;
  if (typeof parallel !== "number" || parallel <= most) return [];
  const has = `${numTasks} hypothes${numTasks === 1 ? "is" : "es"} (\`num_tasks\`) of ${each} trial${each === 1 ? "" : "s"}`;
  const message = `no more than ${most} of these ${parallel} slots can be used: an iteration has ${has}; for all of them set \`researcher.num_tasks\` to ${Math.ceil(parallel / each)}`;
  return [finding(["parallel"], message)];
}

/** Options have been validated by the definition's own schema, from which `create` has their type. */
function createComponent<K extends Kind>(
  definition: AnyDefinition<K>,
  options: JsonObject,
  deps: ComponentDeps,
): KindMap[K] {
  const create = () => definition.create(options as never, deps);
  return isModulePath(definition.type) ? asComponent(definition.kind, definition.type, create) : create();
}

function isConfig(value: unknown): value is Exclude<ComponentConfig, string> {
  return isJsonObject(value) && typeof value.type === "string";
}

function ofKind<K extends Kind>(kind: K, runner: KindMap["runner"]): KindMap[K] {
  if (!isRunnerKind(kind, runner)) throw new SpecError(`a runner cannot be a ${kind}`);
  return runner;
}

function isRunnerKind<K extends Kind>(kind: K, _runner: KindMap[Kind]): _runner is KindMap[K] {
  return kind === "runner";
}
