import type { ParameterNames } from "../model/hypothesis.ts";
import type { MetricSettings } from "../model/settings.ts";
import type { ObjectSchema } from "../schema/dialect.ts";
import type { ComponentConfig, Infer } from "../schema/infer.ts";
import type { Effects } from "./effects.ts";
import type {
  Aggregator,
  Collector,
  Evaluator,
  ExecutionEnvironment,
  Executor,
  Experimenter,
  ProbeContext,
  Researcher,
  Reviewer,
  Runner,
} from "./ports.ts";
import type { Redactor } from "./redact.ts";

export const KINDS = [
  "researcher",
  "experimenter",
  "environment",
  "executor",
  "collector",
  "aggregator",
  "evaluator",
  "reviewer",
  "runner",
] as const;
/** A place of the loop that components are made for. */
export type Kind = (typeof KINDS)[number];

/** What a component of each kind is. */
export interface KindMap {
  readonly researcher: Researcher;
  readonly experimenter: Experimenter;
  readonly environment: ExecutionEnvironment;
  readonly executor: Executor;
  readonly collector: Collector;
  readonly aggregator: Aggregator;
  readonly evaluator: Evaluator;
  readonly reviewer: Reviewer;
  readonly runner: Runner;
}

/** What a component may use while it is being built. */
export interface ComponentDeps {
  readonly effects: Effects;
  readonly metric: MetricSettings;
  /** What the spec says that parameters are called. Absent where it says nothing. */
  readonly parameters?: ParameterNames;
  /** The spec's own folder: relative paths in options are relative to it. */
  readonly specDir: string;
  /** Absolute path of the project. */
  readonly root: string;
  /** The name the spec gave this component (a runner's), else its type. */
  readonly name: string;
  /** Builds a component named in an option. */
  build<K extends Kind>(kind: K, config: ComponentConfig): KindMap[K];
  /** Takes secrets out of what a component writes to files of its own; absent when there are none. */
  readonly hide?: Redactor;
  /** Absolute form of a path in an option. */
  resolvePath(path: string): string;
}

/** A program a component needs, and how to tell that it works. */
export interface ToolProbe {
  readonly tool: string;
  readonly args: readonly string[];
  /** What to do when it is missing. */
  readonly hint: string;
}

/** A built-in or a user's own component: its options' schema, an example, and how to build it. */
export interface ComponentDefinition<K extends Kind = Kind, S extends ObjectSchema = ObjectSchema> {
  readonly kind: K;
  /** Name in a spec: `type: <this>`. */
  readonly type: string;
  /** One sentence for `aura components` and the reference. */
  readonly summary: string;
  /** Other names for the same component. */
  readonly aliases?: readonly string[];
  /** Schema of the options, without `type`. */
  readonly options: S;
  /** Valid options; checked by the contract suite and shown in the reference. */
  readonly example: Infer<S>;
  readonly requires?: readonly ToolProbe[];
  /** Options that it does not have where it stands `inside` of another component, which gives them. */
  readonly given?: readonly string[];
  create(options: Infer<S>, deps: ComponentDeps): KindMap[K];
  /**
   * For `aura doctor`: tries by doing what it needs of this machine, and answers with what works, such as a version. Throws
   * `ToolMissingError`. With the options that a spec has, where one is asked about.
   */
  doctor?(ctx: ProbeContext, options?: Infer<S>): Promise<string>;
  /**
   * What is wrong with these options that the schema cannot say, by option path; called on every spec before anything
   * is built. Empty when all is well.
   */
  check?(options: Infer<S>): readonly { readonly path: string; readonly message: string }[];
}

/** A definition whose option type has been forgotten: what registries hold. Options were validated by its schema. */
export interface AnyDefinition<K extends Kind = Kind>
  extends Omit<ComponentDefinition<K>, "create" | "doctor" | "check" | "example"> {
  readonly example: unknown;
  create(options: never, deps: ComponentDeps): KindMap[K];
  doctor?(ctx: ProbeContext, options?: never): Promise<string>;
  check?(options: never): readonly { readonly path: string; readonly message: string }[];
}

/** Declares a component that has no options. */
export function defineBare<K extends Kind>(
  kind: K,
  type: string,
  summary: string,
  create: () => KindMap[K],
): AnyDefinition<K> {
  const options = { type: "object", properties: {}, additionalProperties: false } as const;
  return { kind, type, summary, options, example: {}, create };
}

/** Declares a component. Built-ins and users' modules (as their default export) use the same call. */
export function defineComponent<const K extends Kind, const S extends ObjectSchema>(
  definition: ComponentDefinition<K, S>,
): ComponentDefinition<K, S> {
  return definition;
}
