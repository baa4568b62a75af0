import { join } from "node:path";
import { CommandExecutor } from "../components/executors/index.ts";
import { assemble, type Parameter } from "../components/space/parameter.ts";
import type { Kind } from "../kernel/define.ts";
import type { Effects } from "../kernel/effects.ts";
import type { Command } from "../kernel/ports.ts";
import { hypothesisId, iterationName, trialId } from "../model/ids.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "../model/json.ts";
import type { RunSettings } from "../model/settings.ts";
import { CommandError, compileCommand } from "../platform/command.ts";
import { PARAMS_FILE } from "../workspace/layout.ts";
import { type PlacedCommand, placedCommands } from "./commands.ts";
import { type KnownComponent, knownComponents } from "./components.ts";
import { pathText } from "./diagnostics.ts";
import { firstPrompt } from "./preview.ts";
import type { ResolvedRun } from "./resolve.ts";
import { specSchema } from "./spec-schema.ts";

/** What a run would do: for `--dry-run`. */
export interface RunPlan {
  readonly settings: RunSettings;
  /** Absolute path of the folder for results. */
  readonly workspace: string;
  readonly components: readonly {
    readonly path: string;
    readonly kind: Kind;
    readonly type: string;
    readonly summary: string;
  }[];
  /** Hypotheses of one iteration, and of the whole run where a limit says so. */
  readonly hypothesesPerIteration: number;
  readonly hypotheses: number | null;
  /** Trials (repeats of the experiment and checks) of one hypothesis. */
  readonly trialsPerHypothesis: number;
  /** The researcher's first prompt; `null` when it asks no model, or cannot tell before the run. */
  readonly prompt: string | null;
  readonly cost: CostEstimate;
  /** Parameters the commands are shown with: a point in the middle of the search space. */
  readonly sample: JsonObject | null;
  readonly commands: readonly PlannedCommand[];
}

export interface PlannedCommand {
  readonly path: string;
  /** As written in the spec. */
  readonly template: string | readonly string[];
  /** Program and arguments for the sample; `null` where the parameters are not known. */
  readonly argv: readonly string[] | null;
  /** Why the command cannot be shown, when it cannot. */
  readonly problem?: string;
}

/** What model calls will cost, as far as it can be told. Prompts grow as a run goes on: a lower bound. */
interface CostEstimate {
  /** Model calls of an iteration without asking again. */
  readonly callsPerIteration: number;
  /** Tokens of the first prompt, at four characters a token. */
  readonly promptTokens: number | null;
  /** Dollars for the researcher's first call with the longest reply; `null` without a price. */
  readonly firstCallUsd: number | null;
}

/** Works out what a run would do. Calls no model, starts no process and writes nothing. */
export function planRun(run: ResolvedRun, workspace: string, effects: Effects): RunPlan {
  const { settings, loaded } = run;
  const { spec, registry } = loaded;
  const components = knownComponents(specSchema, spec, registry);
  const numTasks = run.researcher.numTasks;
  const sample = samplePoint(run);
  const prompt = firstPrompt(run, workspace, effects);
  return {
    settings,
    workspace,
    components: components.map(({ path, kind, definition }) => {
      return { path: pathText(path), kind, type: definition.type, summary: definition.summary };
    }),
    hypothesesPerIteration: numTasks,
    hypotheses: most(settings, numTasks),
    trialsPerHypothesis: repeats(components) + settings.checks.length,
    prompt,
    cost: estimate(components, spec.runners ?? {}, prompt, numTasks),
    sample,
    commands: placedCommands(spec, components).map((command) => planned(command, sample, run, workspace)),
  };
}

function most({ stop }: RunSettings, numTasks: number): number | null {
  const byIterations = stop.iterations === undefined ? Number.POSITIVE_INFINITY : stop.iterations * numTasks;
  const limit = Math.min(byIterations, stop.hypotheses ?? Number.POSITIVE_INFINITY);
  return Number.isFinite(limit) ? limit : null;
}

function repeats(components: readonly KnownComponent[]): number {
  const { trials, seeds } = components.find(({ kind }) => kind === "experimenter")?.config ?? {};
  return typeof trials === "number" ? trials : Array.isArray(seeds) ? seeds.length : 1;
}

function samplePoint({ researcher }: ResolvedRun): JsonObject | null {
  if (!hasSpace(researcher)) return null;
  return assemble(researcher.space.parameters, middle);
}

function hasSpace(researcher: object): researcher is { readonly space: { readonly parameters: readonly Parameter[] } } {
  if (!("space" in researcher)) return false;
  const { space } = researcher;
  return typeof space === "object" && space !== null && "parameters" in space && Array.isArray(space.parameters);
}

function middle(parameter: Parameter): JsonValue {
  if (parameter.kind === "categorical") return parameter.choices[0] ?? null;
  const { low, high, log, kind } = parameter;
  const centre = log ? Math.sqrt(low * high) : (low + high) / 2;
  return kind === "int" ? Math.round(centre) : Number(centre.toPrecision(4));
}

function planned(
  { path, command, shell }: PlacedCommand,
  sample: JsonObject | null,
  { settings, experimenter }: ResolvedRun,
  workspace: string,
): PlannedCommand {
  const base = { path: pathText(path), template: command };
  if (sample === null && compileCommand(command, { shell }).placeholders.some((name) => !name.startsWith("aura."))) {
    return { ...base, argv: null };
  }
  try {
    const aura = sampleValues(settings, workspace);
    const rendered = compileCommand(command, { shell }).render({ spec: sample ?? {}, aura });
    const { file, args } = wrapped(
      { ...rendered, env: {}, cwd: settings.root },
      experimenter,
      settings,
      aura.trial_dir,
    );
    return { ...base, argv: [file, ...args] };
  } catch (thrown) {
    if (!(thrown instanceof CommandError)) throw thrown;
    return { ...base, argv: null, problem: thrown.message };
  }
}

/** The command as the executor starts it. */
function wrapped(command: Command, experimenter: object, { root, inputs }: RunSettings, trialDir: string): Command {
  if (!("executor" in experimenter) || !(experimenter.executor instanceof CommandExecutor)) return command;
  const place = { root, inputs: inputs.map(({ absolutePath }) => absolutePath), trialDir };
  return experimenter.executor.starter.wrap?.(command, place) ?? command;
}

/** AURA's own values in the first attempt of the first trial. */
function sampleValues(settings: RunSettings, workspace: string): JsonObject & { readonly trial_dir: string } {
  const id = hypothesisId(1, 0);
  const trial = trialId(id, "trial", 0);
  const trials = join(workspace, "iterations", iterationName(1), "trials");
  return {
    id,
    trial_id: trial,
    trial_dir: join(trials, `${trial}.a1`),
    trial_index: 0,
    seed: settings.seed,
    slot: 0,
    workspace,
    root: settings.root,
    inputs: settings.inputs.map(({ absolutePath }) => absolutePath),
    params_file: join(trials, `${trial}.a1`, PARAMS_FILE),
  };
}

const CHARACTERS_PER_TOKEN = 4;
const PER_MILLION = 1e-6;

function estimate(
  components: readonly KnownComponent[],
  runners: { readonly [name: string]: unknown },
  prompt: string | null,
  numTasks: number,
): CostEstimate {
  const asking = components.filter(({ config, kind }) => config.runner !== undefined && kind !== "runner");
  const calls = asking.map(({ kind, config }) => {
    const votes = typeof config.votes === "number" ? config.votes : 1;
    const isAskedEachTime = kind === "evaluator" || kind === "experimenter" || config.edits === "in_place";
    return isAskedEachTime ? numTasks * votes : 1;
  });
  const promptTokens = prompt === null ? null : Math.ceil(prompt.length / CHARACTERS_PER_TOKEN);
  const reference = asking.find(({ kind }) => kind === "researcher")?.config.runner;
  const runner = typeof reference === "string" ? runners[reference] : reference;
  return {
    callsPerIteration: calls.reduce((sum, count) => sum + count, 0),
    promptTokens,
    firstCallUsd: promptTokens === null ? null : callCost(runner, promptTokens),
  };
}

function callCost(runner: unknown, promptTokens: number): number | null {
  if (!isJsonObject(runner) || !isJsonObject(runner.price)) return null;
  const { input, output } = runner.price;
  const longest = runner.max_tokens;
  if (typeof input !== "number" || typeof output !== "number" || typeof longest !== "number") return null;
  return (promptTokens * input + longest * output) * PER_MILLION;
}
