import { join } from "node:path";
import { assemble, type Parameter } from "../components/space/parameter.ts";
import { KINDS } from "../kernel/define.ts";
import type { Effects } from "../kernel/effects.ts";
import { type Diagnostic, EXIT } from "../kernel/errors.ts";
import type { Command, Experimenter, TrialPlace } from "../kernel/ports.ts";
import { parametersSchema } from "../model/hypothesis.ts";
import { hypothesisId, iterationName, trialId } from "../model/ids.ts";
import { defined, type JsonObject, type JsonValue } from "../model/json.ts";
import { originSchema } from "../model/run.ts";
import { type RunSettings, settingsSchema } from "../model/settings.ts";
import { CHARACTERS_PER_TOKEN } from "../model/units.ts";
import { TEXT, WHOLE } from "../model/vocabulary.ts";
import { type AuraName, CommandError, compileCommand } from "../platform/command.ts";
import { BYTES, TOKENS, US_DOLLARS } from "../schema/dialect.ts";
import { described, exactly, listOf, nullable } from "../schema/exactly.ts";
import type { Infer } from "../schema/infer.ts";
import { PARAMS_FILE } from "../workspace/layout.ts";
import { LEFT_OUT } from "../workspace/states/index.ts";
import { type PlacedCommand, placedCommands } from "./commands.ts";
import { type SurveyedCopy, surveyCopy } from "./copy.ts";
import { pathText } from "./diagnostics.ts";
import { type Beginning, firstPrompt, START_REASON, START_SCORE } from "./first-prompt.ts";
import { asksRunner, type ResolvedRun } from "./resolve.ts";
import { knownComponents, type Site, sitesOf } from "./sites.ts";

const PLACE = described("Where in the spec, as in `--set`.", TEXT);

const cost = described(
  "What model calls will cost, as far as it can be told: a lower bound, as prompts grow while a run goes on.",
  exactly({
    callsPerIteration: described("Model calls of an iteration when none is asked again.", WHOLE),
    promptTokens: described("Tokens of the first prompt, at four characters a token.", nullable(TOKENS)),
    firstCallUsd: described(
      "US dollars for the researcher's first call with the longest reply; `null` without a price.",
      nullable(US_DOLLARS),
    ),
  }),
);

const plannedCommand = exactly(["problem"], {
  path: PLACE,
  template: described("As written in the spec.", { anyOf: [TEXT, listOf(TEXT)] }),
  argv: described("Program and arguments for the sample; `null` where they are not known.", nullable(listOf(TEXT))),
  problem: described("Why the command cannot be shown.", TEXT),
});

/** What a run would do: for `--dry-run`. */
export const planSchema = exactly(["from"], {
  settings: settingsSchema,
  workspace: described("Absolute path of the folder for results.", TEXT),
  workspaceNote: described(
    "`not made`, or what there is in its place and what to do where a run would be refused.",
    TEXT,
  ),
  from: originSchema,
  components: listOf(exactly({ path: PLACE, kind: { enum: KINDS }, type: TEXT, summary: TEXT })),
  hypothesesPerIteration: WHOLE,
  hypotheses: described("Of the whole run; `null` where no limit says.", nullable(WHOLE)),
  trialsPerHypothesis: described("Repeats of the experiment, and checks.", WHOLE),
  atOnce: described("Trials that can run at a time: `parallel`, and no more than an iteration has.", WHOLE),
  prompt: described(
    `The researcher's first prompt as it will be sent, but for what the start came to, which ${START_SCORE} and ${START_REASON} stand for; \`null\` when it asks no model, or cannot tell before the run.`,
    nullable(TEXT),
  ),
  copy: described(
    "What each trial's own copy of the project holds; `null` where trials run in the project itself.",
    nullable(
      exactly({
        files: WHOLE,
        bytes: BYTES,
        holds: described("The first of them.", listOf(TEXT)),
        inputs: described("Read-only inputs, linked into it.", listOf(TEXT)),
        missing: described("Files and folders of the project that it does not hold.", WHOLE),
        leftOut: described(
          "The first of them; a folder ends with a slash.",
          listOf(exactly({ path: TEXT, why: { enum: LEFT_OUT } })),
        ),
      }),
    ),
  ),
  cost,
  sample: described(
    "Parameters that the commands are shown with; `null` where they are not known.",
    nullable(parametersSchema),
  ),
  commands: listOf(plannedCommand),
});
export type RunPlan = Infer<typeof planSchema>;
export type PlannedCopy = NonNullable<RunPlan["copy"]>;
type CostEstimate = RunPlan["cost"];
export type PlannedCommand = RunPlan["commands"][number];

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
  const trials = run.experimenter.trialsEach?.(settings.root, effects.files) ?? 1;
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
    trialsPerHypothesis: trials + settings.checks.length,
    atOnce: Math.min(settings.parallel, numTasks * trials),
    prompt,
    copy: copy && plannedCopy(copy, settings),
    cost: estimate(run, sites, trials, prompt),
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
  { settings, experimenter, evaluator, researcher }: ResolvedRun,
  workspace: string,
): PlannedCommand {
  const isEvaluators = path[0] === "evaluator";
  const base = { path: pathText(path), template: command };
  if (sample === null && compileCommand(command, { shell }).uses.some(({ name }) => !name.startsWith("aura."))) {
    return { ...base, argv: null };
  }
  try {
    const own = isEvaluators ? { inputs: [...(evaluator.inputs ?? [])] } : {};
    const aura = { ...sampleValues(settings, workspace), ...own };
    const { declared } = researcher;
    const rendered = compileCommand(command, { shell }).render({
      spec: sample ?? {},
      aura,
      ...(declared ? { declared } : {}),
    });
    // No executor has a part in it.
    if (isEvaluators) return { ...base, argv: [rendered.file, ...rendered.args] };
    const { file, args } = wrapped({ ...rendered, env: {}, cwd: settings.root }, experimenter, settings, {
      trialDir: aura.trial_dir,
      hidden: [workspace],
    });
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
  where: Pick<TrialPlace, "trialDir" | "hidden">,
): Command {
  const place = { root, inputs: inputs.map(({ absolutePath }) => absolutePath), libraries: [], ...where };
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

function estimate(
  { researcher, evaluator }: ResolvedRun,
  sites: readonly Site[],
  trials: number,
  prompt: string | null,
): CostEstimate {
  const { numTasks } = researcher;
  const asked = sites.filter(isAsked);
  // An evaluator's runner is asked about each hypothesis, one that an experimenter has by each trial.
  const calls = asked.map(({ path: [stage] }) => {
    if (stage === "researcher") return researcher.callsFor?.(numTasks) ?? 1;
    if (stage === "reviewer") return 1;
    return stage === "experimenter" ? numTasks * trials : (evaluator.callsFor?.(numTasks) ?? numTasks);
  });
  const runner = asksRunner(researcher) ? researcher.runner : null;
  const promptTokens = prompt === null ? null : Math.ceil(prompt.length / CHARACTERS_PER_TOKEN);
  return {
    callsPerIteration: calls.reduce((sum, count) => sum + count, 0),
    promptTokens,
    firstCallUsd: promptTokens === null ? null : (runner?.mostCost?.(promptTokens) ?? null),
  };
}

function isAsked({ place, path }: Site): boolean {
  return place?.kind === "runner" && path[0] !== "runners";
}

/** Keys of model providers that a run would ask, and that are not set. */
export function unsetKeys(
  { loaded }: Pick<ResolvedRun, "loaded">,
  { variables }: Pick<Effects, "variables">,
): readonly Diagnostic[] {
  const sites = sitesOf(loaded.spec, loaded.registry);
  const asked = sites.filter(isAsked).map(({ value }) => value);
  return sites.flatMap(({ path, schema, value, beside }) => {
    const isKey = schema?.["x-variables"] === "key" && (path[0] !== "runners" || asked.includes(path[1] ?? ""));
    if (!isKey || typeof value !== "string" || variables.get(value)?.trim()) return [];
    if (Object.hasOwn(beside, String(schema["x-unless"]))) return [];
    const message = `${value} is not set, which holds the key of the model provider: a run would end with ${EXIT.provider}`;
    return [{ file: loaded.file, path: pathText(path), message }];
  });
}
