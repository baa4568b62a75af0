import { resolve } from "node:path";
import type { AnyDefinition, ComponentDeps, Kind, KindMap } from "../kernel/define.ts";
import type { Effects } from "../kernel/effects.ts";
import { type Diagnostic, EXIT, isAuraError, messageOf, SpecError } from "../kernel/errors.ts";
import { createRedactor } from "../kernel/redact.ts";
import type { Registry } from "../kernel/registry.ts";
import { isJsonObject, type JsonObject } from "../model/json.ts";
import type { MetricSettings } from "../model/settings.ts";
import type { ComponentConfig } from "../schema/infer.ts";
import { isModulePath, optionsOf } from "./components.ts";
import { asComponent } from "./definition-check.ts";
import { type Finding, finding, pathText } from "./diagnostics.ts";
import { type SpecPaths, specPaths } from "./paths.ts";
import { placeKey, type SpecPath } from "./places.ts";
import { knownComponents, sitesOf } from "./sites.ts";
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

/** What happens with runners that cannot be built, while a spec is looked through. */
interface BrokenRunners {
  /** Whether what is wrong with the runner there has been told. */
  readonly isKnown: (place: SpecPath) => boolean;
  /** Takes what building a runner has thrown. */
  readonly tell: (thrown: unknown, place: SpecPath | undefined) => void;
}

/** In place of a runner that cannot be built. It is never asked. */
const STAND_IN: KindMap["runner"] = {
  name: "broken",
  run: async () => {
    throw new SpecError("this runner could not be built");
  },
};

/** Builds components of one spec; runners that it names are built once and shared. */
export class ComponentBuilder {
  readonly #options: BuildOptions;
  readonly #paths: SpecPaths;
  readonly #check: OptionsChecker;
  /** Where the configs of the spec stand; others come from the components themselves, and are checked when built. */
  readonly #places: ReadonlyMap<object, SpecPath>;
  readonly #runners = new Map<string, KindMap["runner"]>();
  readonly #broken: BrokenRunners | null;

  /** With `broken`, a component whose runner cannot be built is built all the same, for what else is wrong with it. */
  constructor(options: BuildOptions, broken: BrokenRunners | null = null) {
    this.#broken = broken;
    const { spec, dir, registry } = options;
    this.#options = options;
    this.#paths = specPaths(dir, typeof spec.root === "string" ? spec.root : undefined);
    this.#check = createOptionsChecker(registry);
    this.#places = new Map(knownComponents(sitesOf(spec, registry)).map(({ config, path }) => [config, path]));
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

  /** What another component asks for. */
  #part<K extends Kind>(kind: K, config: ComponentConfig): KindMap[K] {
    if (kind !== "runner" || !this.#broken) return this.build(kind, config);
    const place = typeof config === "string" ? ["runners", config] : this.#places.get(config);
    if (place && this.#broken.isKnown(place)) return ofKind(kind, STAND_IN);
    try {
      return this.build(kind, config);
    } catch (thrown) {
      this.#broken.tell(thrown, place);
      return ofKind(kind, STAND_IN);
    }
  }

  #deps(name: string): ComponentDeps {
    const { effects, metric, secrets = [] } = this.#options;
    const { dir, root } = this.#paths;
    return {
      effects,
      metric,
      specDir: dir,
      root,
      name,
      build: (kind, config) => this.#part(kind, config),
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

/** A problem in a prompt is told at the option that gives it, with the name it is about; others at the component. */
function findingsOf(thrown: unknown, place: SpecPath, { prompt, prompt_file: file }: JsonObject): readonly Finding[] {
  const message = messageOf(thrown);
  const inText = thrown instanceof SpecError ? thrown.diagnostics.filter(({ line }) => line !== undefined) : [];
  if (typeof file === "string") {
    const at = [...place, "prompt_file"];
    if (inText.length > 0) {
      return inText.map((found) => finding(at, `${file}:${found.line}:${found.column ?? 1}: ${found.message}`));
    }
    if (message.startsWith(file)) return [finding(at, message)];
  }
  if (typeof prompt === "string") {
    const at = [...place, "prompt"];
    if (inText.length > 0) return inText.map((found) => finding(at, found.message, inPrompt(prompt, found)));
    if (/^\w+ prompt:/.test(message)) return [finding(at, message)];
  }
  return [finding(place, message, { about: "key" })];
}

/** The word of a prompt that a diagnostic is about, to be found where the prompt is written in the spec. */
function inPrompt(prompt: string, { line = 1, column = 1 }: Diagnostic): Pick<Finding, "within" | "occurrence"> {
  const start = prompt.split("\n", line - 1).reduce((sum, text) => sum + text.length + 1, 0) + column - 1;
  const within = /^(?:\{\{[^\n{}]*\}\}|[^\s{}()|~=]+|\S+)/.exec(prompt.slice(start))?.[0];
  if (within === undefined) return {};
  return { within, occurrence: occurrences(prompt.slice(0, start + within.length - 1), within) };
}

function occurrences(text: string, part: string): number {
  let count = 0;
  for (let at = text.indexOf(part); at >= 0; at = text.indexOf(part, at + 1)) count++;
  return count;
}

/**
 * What only shows when the components are built, such as a prompt with an unknown variable. Stages and runners that
 * `isFaulty` are left out: what is wrong with them has been told. A stage whose runner is broken is not.
 */
export function unbuildable(options: BuildOptions, isFaulty: (path: SpecPath) => boolean): readonly Finding[] {
  const { spec } = options;
  const found: Finding[] = [];
  const broken = new Set<string>();
  const isKnown = (path: SpecPath) => isFaulty(path) || broken.has(placeKey(path));
  const tell = (thrown: unknown, path: SpecPath = []): void => {
    broken.add(placeKey(path));
    if (isAuraError(thrown) && thrown.exitCode !== EXIT.usage) return;
    if (thrown instanceof BuildError) found.push(...thrown.findings);
    else found.push(finding(path, messageOf(thrown), { about: "key" }));
  };
  const builder = new ComponentBuilder(options, { isKnown, tell });
  const attempt = (kind: Kind, path: SpecPath, config: unknown, name?: string): void => {
    if (!isConfig(config) || isFaulty(path)) return;
    try {
      builder.build(kind, config, name);
    } catch (thrown) {
      tell(thrown, path);
    }
  };
  const runners = isJsonObject(spec.runners) ? spec.runners : {};
  for (const [name, config] of Object.entries(runners)) attempt("runner", ["runners", name], config, name);
  for (const kind of ["researcher", "experimenter", "evaluator", "reviewer"] as const)
    attempt(kind, [kind], spec[kind]);
  return found;
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
