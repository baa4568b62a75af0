import type { AnyDefinition, Kind } from "../kernel/define.ts";
import { createRegistry, type Registry } from "../kernel/registry.ts";
import type { JsonValue } from "../model/json.ts";
import { nearest } from "../text/nearest.ts";

type Catalog = { readonly [K in Kind]: { readonly [type: string]: () => Promise<AnyDefinition<K>> } };

const composed = async () => (await import("./experimenters/single-trial.ts")).composedExperimenter;

/** Every component that comes with AURA, aliases included, a line each. What a spec does not name is not loaded. */
const CATALOG: Catalog = {
  researcher: {
    function: async () => (await import("./researchers/function.ts")).functionResearcher,
    prompt: async () => (await import("./researchers/prompt.ts")).promptResearcher,
    search: async () => (await import("./researchers/search.ts")).searchResearcher,
  },
  experimenter: {
    composed,
    "single-trial": composed,
    function: async () => (await import("./experimenters/function.ts")).functionExperimenter,
    llm: async () => (await import("./experimenters/llm.ts")).llmExperimenter,
    script: async () => (await import("./experimenters/script.ts")).scriptExperimenter,
  },
  environment: {
    docker: async () => (await import("./environments/docker/docker.ts")).dockerEnvironment,
    conda: async () => (await import("./environments/conda.ts")).condaEnvironment,
    none: async () => (await import("./environments/none.ts")).noEnvironment,
    uv: async () => (await import("./environments/uv.ts")).uvEnvironment,
    venv: async () => (await import("./environments/venv.ts")).venvEnvironment,
  },
  executor: {
    bindfs: async () => (await import("./executors/bindfs.ts")).bindfsExecutor,
    bwrap: async () => (await import("./executors/bwrap.ts")).bwrapExecutor,
    function: async () => (await import("./executors/function.ts")).functionExecutor,
    llm: async () => (await import("./executors/llm.ts")).llmExecutor,
    script: async () => (await import("./executors/command.ts")).scriptExecutor,
    slurm: async () => (await import("./executors/slurm.ts")).slurmExecutor,
  },
  collector: {
    "json-file": async () => (await import("./collectors/json-file.ts")).jsonFileCollector,
    "log-parser": async () => (await import("./collectors/log-parser.ts")).logParserCollector,
    stdout: async () => (await import("./collectors/stdout.ts")).stdoutCollector,
  },
  aggregator: {
    all: async () => (await import("./aggregators/outputs.ts")).allAggregator,
    best: async () => (await import("./aggregators/ranked.ts")).bestAggregator,
    last: async () => (await import("./aggregators/outputs.ts")).lastAggregator,
    mean: async () => (await import("./aggregators/merged.ts")).meanAggregator,
    median: async () => (await import("./aggregators/merged.ts")).medianAggregator,
    worst: async () => (await import("./aggregators/ranked.ts")).worstAggregator,
  },
  evaluator: {
    command: async () => (await import("./evaluators/command.ts")).commandEvaluator,
    function: async () => (await import("./evaluators/function.ts")).functionEvaluator,
    metric: async () => (await import("./evaluators/metric.ts")).metricEvaluator,
    prompt: async () => (await import("./evaluators/prompt.ts")).promptEvaluator,
  },
  reviewer: {
    function: async () => (await import("./reviewers/function.ts")).functionReviewer,
    none: async () => (await import("./reviewers/none.ts")).noneReviewer,
    prompt: async () => (await import("./reviewers/prompt.ts")).promptReviewer,
    stats: async () => (await import("./reviewers/stats.ts")).statsReviewer,
  },
  runner: {
    anthropic: async () => (await import("./runners/anthropic.ts")).anthropicRunner,
    command: async () => (await import("./runners/command.ts")).commandRunner,
    function: async () => (await import("./runners/module.ts")).functionRunner,
    openai: async () => (await import("./runners/openai.ts")).openaiRunner,
    replay: async () => (await import("./runners/replay.ts")).replayRunner,
  },
};

/** All components that come with AURA: `(await builtins()).with(myComponent)`. */
export async function builtins(): Promise<Registry> {
  return registryOf(() => true);
}

/**
 * The built-in components that a spec names as a `type`, wherever that stands, and those that it means without saying
 * so. All of them where it names a module of the user's, which may build any.
 */
export async function builtinsFor(spec: JsonValue): Promise<Registry> {
  const named = new Set(["metric", "none", ...typesIn(spec)]);
  const isOpen = [...named].some((type) => /^\.{0,2}\//.test(type));
  return isOpen ? builtins() : registryOf((type) => named.has(type));
}

const SEARCHES: readonly string[] = ["grid", "random", "tpe"];

/** The way to search that a word in the place of a researcher means, also a misspelled one; `null` when it is rather a type. */
export function meantSearch(word: string): string | null {
  const near = nearest(word, [...SEARCHES, ...Object.keys(CATALOG.researcher)]);
  return near !== null && SEARCHES.includes(near) ? near : null;
}

async function registryOf(isWanted: (type: string) => boolean): Promise<Registry> {
  const entries = Object.values(CATALOG).flatMap((types) => Object.entries(types));
  const loaded = await Promise.all(entries.filter(([type]) => isWanted(type)).map(([, load]) => load()));
  return createRegistry([...new Set(loaded)], (kind) => Object.keys(CATALOG[kind]));
}

function typesIn(value: JsonValue): readonly string[] {
  if (Array.isArray(value)) return value.flatMap(typesIn);
  if (value === null || typeof value !== "object") return [];
  return Object.entries(value).flatMap(([key, item]) =>
    key === "type" && typeof item === "string" ? [item] : typesIn(item),
  );
}
