import { join } from "node:path";
import { assemble, type Parameter } from "../components/space/parameter.ts";
import type { Kind } from "../kernel/define.ts";
import type { Effects } from "../kernel/effects.ts";
import type { Command, Experimenter, Runner } from "../kernel/ports.ts";
import { hypothesisId, iterationName, trialId } from "../model/ids.ts";
import { defined, type JsonObject, type JsonValue } from "../model/json.ts";
import type { RunOrigin } from "../model/run.ts";
import type { RunSettings } from "../model/settings.ts";
import { MOST_FAILURES } from "../pipeline/stopping.ts";
import { type AuraName, CommandError, compileCommand } from "../platform/command.ts";
import { shellWord } from "../text/shell.ts";
import { PARAMS_FILE } from "../workspace/layout.ts";
import type { LeftOut } from "../workspace/states/index.ts";
import { mostAtOnce, repeatsOf } from "./build.ts";
import { type PlacedCommand, placedCommands } from "./commands.ts";
import { type SurveyedCopy, surveyCopy } from "./copy.ts";
import { pathText } from "./diagnostics.ts";
import { type Beginning, firstPrompt, START_SCORE } from "./first-prompt.ts";
import type { ResolvedRun } from "./resolve.ts";
import { knownComponents, type Site, sitesOf } from "./sites.ts";

/** What a run would do: for `--dry-run`. */
export interface RunPlan {
  readonly settings: RunSettings;
  /** Absolute path of the folder for results. */
  readonly workspace: string;
  /** What there is in its place, and where a run would be refused, what to do. */
  readonly workspaceNote: string;
  /** The earlier run that it would be started from. */
  readonly from?: RunOrigin;
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
  /** Trials that can run at a time: `parallel`, and no more than an iteration has. */
  readonly atOnce: number;
  /**
   * The researcher's first prompt as it will be sent, but for the start's score, which `START_SCORE` stands for; `null`
   * when it asks no model, or cannot tell before the run.
   */
  readonly prompt: string | null;
  /** What each trial's own copy of the project holds; `null` where trials run in the project itself. */
  readonly copy: PlannedCopy | null;
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

/** What a trial's copy of the project holds and what of it it does not: counts, and the first of each. */
interface PlannedCopy {
  readonly files: number;
  readonly bytes: number;
  readonly holds: readonly string[];
  /** Read-only inputs that are linked into it. */
  readonly inputs: readonly string[];
  readonly missing: number;
  readonly leftOut: readonly LeftOut[];
}

/** Paths of a copy that are listed. */
const LISTED = 40;

function plannedCopy({ survey, left }: SurveyedCopy, { inputs }: RunSettings): PlannedCopy {
  const files = [...survey.artifacts, ...survey.others].filter(({ stat }) => stat.kind !== "directory");
  return {
    files: files.length,
    bytes: files.reduce((sum, { stat }) => sum + stat.size, 0),
    holds: files.slice(0, LISTED).map(({ path }) => path),
    inputs: inputs.map(({ path }) => path),
    missing: left.length,
    leftOut: left.slice(0, LISTED),
  };
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

/** Of a workspace that a run would make. */
const NOT_MADE = "not made";

/** Works out what a run would do. Calls no model, starts nothing but git, and writes nothing. */
export async function planRun(
  run: ResolvedRun,
  workspace: string,
  effects: Effects,
  beginning: Beginning = { prior: [] },
  standing = NOT_MADE,
): Promise<RunPlan> {
  const { settings, loaded } = run;
  const { spec, registry } = loaded;
  const sites = sitesOf(spec, registry);
  const numTasks = run.researcher.numTasks;
  const sample = samplePoint(run);
  const copy = await surveyCopy(settings, sites, effects);
  const prompt = firstPrompt(run, workspace, effects, copy, beginning);
  return {
    settings,
    workspace,
    workspaceNote: standing,
    ...defined({ from: beginning.earlier?.origin }),
    components: knownComponents(sites).map(({ path, kind, definition }) => {
      return { path: pathText(path), kind, type: definition.type, summary: definition.summary };
    }),
    hypothesesPerIteration: numTasks,
    hypotheses: most(settings, numTasks),
    trialsPerHypothesis: repeatsOf(run.experimenter) + settings.checks.length,
    atOnce: Math.min(settings.parallel, mostAtOnce(run.researcher, run.experimenter)),
    prompt,
    copy: copy && plannedCopy(copy, settings),
    cost: estimate(run, sites, prompt),
    sample,
    commands: placedCommands(sites).map((command) => planned(command, sample, run, workspace)),
  };
}

function most({ stop }: RunSettings, numTasks: number): number | null {
  const byIterations = stop.iterations === undefined ? Number.POSITIVE_INFINITY : stop.iterations * numTasks;
  const limit = Math.min(byIterations, stop.hypotheses ?? Number.POSITIVE_INFINITY);
  return Number.isFinite(limit) ? limit : null;
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
  { settings, experimenter, researcher }: ResolvedRun,
  workspace: string,
): PlannedCommand {
  const base = { path: pathText(path), template: command };
  if (sample === null && compileCommand(command, { shell }).uses.some(({ name }) => !name.startsWith("aura."))) {
    return { ...base, argv: null };
  }
  try {
    const aura = sampleValues(settings, workspace);
    const { declared } = researcher;
    const rendered = compileCommand(command, { shell }).render({
      spec: sample ?? {},
      aura,
      ...(declared ? { declared } : {}),
    });
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
function wrapped(
  command: Command,
  experimenter: Experimenter,
  { root, inputs }: RunSettings,
  trialDir: string,
): Command {
  const place = { root, inputs: inputs.map(({ absolutePath }) => absolutePath), trialDir };
  return experimenter.wrap?.(command, place) ?? command;
}

/** AURA's own values in the first attempt of the first trial. */
function sampleValues(
  settings: RunSettings,
  workspace: string,
): Readonly<Record<AuraName, JsonValue>> & { readonly trial_dir: string } {
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

function estimate({ researcher }: ResolvedRun, sites: readonly Site[], prompt: string | null): CostEstimate {
  const { numTasks } = researcher;
  const asked = sites.filter(({ place, path }) => place?.kind === "runner" && path[0] !== "runners");
  // An evaluator's runner is asked about each hypothesis, as is one that an experimenter has.
  const calls = asked.map(({ path: [stage] }) => {
    if (stage === "researcher") return researcher.callsFor?.(numTasks) ?? 1;
    return stage === "reviewer" ? 1 : numTasks;
  });
  const runner = asksRunner(researcher) ? researcher.runner : null;
  const promptTokens = prompt === null ? null : Math.ceil(prompt.length / CHARACTERS_PER_TOKEN);
  return {
    callsPerIteration: calls.reduce((sum, count) => sum + count, 0),
    promptTokens,
    firstCallUsd: promptTokens === null ? null : (runner?.mostCost?.(promptTokens) ?? null),
  };
}

function asksRunner(researcher: object): researcher is { readonly runner: Pick<Runner, "mostCost"> } {
  return "runner" in researcher && typeof researcher.runner === "object" && researcher.runner !== null;
}

/** A plan for people, section by section. */
export function formatPlan(plan: RunPlan): string {
  const { settings, prompt } = plan;
  return [
    section(`plan of ${settings.name}`, [
      ...(settings.goal === "" ? [] : [["goal", settings.goal.trim().split("\n")[0] ?? ""] as const]),
      ["metric", metricText(settings)],
      ["project", settings.root],
      ["workspace", `${plan.workspace} (${plan.workspaceNote})`],
      ...(plan.from === undefined ? [] : [["from", fromText(plan.from)] as const]),
      ["size", sizeText(plan)],
      ["stops at", stopText(settings)],
      ["cost", costText(plan)],
    ]),
    section(
      "components",
      plan.components.map(({ path, type, summary }) => [`${path}: ${type}`, summary] as const),
    ),
    `commands${plan.sample === null ? "" : ` for ${JSON.stringify(plan.sample)}`}\n${plan.commands.map(commandText).join("\n") || "  none"}`,
    ...(plan.copy === null ? [] : [copyText(plan.copy)]),
    ...(prompt === null
      ? []
      : [
          `first prompt${prompt.includes(START_SCORE) ? `; for ${START_SCORE} it will have the score` : ""}\n${prompt.trimEnd().replaceAll(/^(?=.)/gm, "  ")}`,
        ]),
  ].join("\n\n");
}

function section(title: string, rows: readonly (readonly [string, string])[]): string {
  const width = Math.max(0, ...rows.map(([name]) => name.length));
  return [title, ...rows.map(([name, text]) => `  ${name.padEnd(width)}  ${text}`)].join("\n");
}

function fromText({ workspace, state, hypotheses }: RunOrigin): string {
  return `${workspace}${state === undefined ? "" : `@${state.hypothesisId}`}, with ${hypotheses} hypotheses as prior knowledge`;
}

function metricText({ metric }: RunSettings): string {
  const { name, direction, baseline, target } = metric;
  const marks = [
    ...(baseline === undefined ? [] : [`baseline ${baseline}`]),
    ...(target === undefined ? [] : [`target ${target}`]),
  ];
  return [`${direction} ${name}`, ...marks].join(", ");
}

function sizeText({ hypotheses, hypothesesPerIteration, trialsPerHypothesis, atOnce }: RunPlan): string {
  const total = hypotheses === null ? "no limit on hypotheses" : `at most ${hypotheses} hypotheses`;
  return `${total}, ${hypothesesPerIteration} an iteration, ${trialsPerHypothesis} ${trialsPerHypothesis === 1 ? "process" : "processes"} each, ${atOnce} at a time`;
}

function stopText({ stop, start }: RunSettings): string {
  const { failures = MOST_FAILURES } = stop;
  const alike = stop.failures === undefined && start === "must_score" ? ", or the first 3 if they fail alike" : "";
  const limits = [
    ...(stop.iterations === undefined ? [] : [`${stop.iterations} iterations`]),
    ...(stop.hypotheses === undefined ? [] : [`${stop.hypotheses} hypotheses`]),
    ...(stop.patience === undefined ? [] : [`${stop.patience} iterations without a better score`]),
    ...(stop.wallClockMs === undefined ? [] : [`${stop.wallClockMs / 1000} s`]),
    ...(stop.tokens === undefined ? [] : [`${stop.tokens} tokens`]),
    ...(stop.costUsd === undefined ? [] : [`$${stop.costUsd}`]),
  ];
  return [...limits, `${failures} failed experiments in a row${alike}`].join(", ");
}

function costText({ cost }: RunPlan): string {
  if (cost.callsPerIteration === 0) return "no model is asked";
  const first = cost.promptTokens === null ? "" : `, the first prompt about ${cost.promptTokens} tokens`;
  const price =
    cost.firstCallUsd === null ? ", no price known" : `, the first call at most $${cost.firstCallUsd.toFixed(4)}`;
  return `${cost.callsPerIteration} model calls an iteration${first}${price}; prompts grow as the run goes on`;
}

function copyText({ files, bytes, holds, inputs, missing, leftOut }: PlannedCopy): string {
  const more = (count: number, shown: readonly unknown[]) =>
    count > shown.length ? [`  … and ${count - shown.length} more`] : [];
  return [
    `each trial's copy of the project: ${files} files, ${bytes} bytes`,
    ...holds.map((path) => `  ${path}`),
    ...more(files, holds),
    ...inputs.map((path) => `  ${path} (input, linked)`),
    ...(missing === 0 ? [] : [`not in it, of the project: ${missing}`]),
    ...leftOut.map(({ path, why }) => `  ${path} (${why})`),
    ...more(missing, leftOut),
  ].join("\n");
}

function commandText({ path, template, argv, problem }: PlannedCommand): string {
  const written = typeof template === "string" ? template : template.join(" ");
  if (problem !== undefined) return `  ${path}: ${written}\n    ${problem}`;
  return `  ${path}: ${argv === null ? written : argv.map(shellWord).join(" ")}`;
}
