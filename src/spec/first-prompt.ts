import type { HistoryEntry, StageContext } from "../kernel/context.ts";
import { type Effects, NEVER } from "../kernel/effects.ts";
import { RunFailedError } from "../kernel/errors.ts";
import { hypothesisId } from "../model/ids.ts";
import type { PriorRun } from "../model/prior.ts";
import { NO_TOTALS } from "../model/run.ts";
import type { RunSettings } from "../model/settings.ts";
import { inputSize } from "../pipeline/inputs.ts";
import type { EarlierRun } from "../pipeline/prior.ts";
import { scoringTerms } from "../pipeline/scoring.ts";
import { type EarlierState, previewArtifacts } from "../workspace/states/index.ts";
import type { SurveyedCopy } from "./copy.ts";
import type { ResolvedRun } from "./resolve.ts";

/** Stands in a prompt for the score of the start, which has not been run. */
export const START_SCORE = "<score of the start>";

/** Stands in it for what the evaluator says of that. */
export const START_REASON = "<what is said of it>";

/** A score that no run has, put into the prompt and replaced. */
const UNLIKELY = -7.25093184641e-287;

/** What a run begins with. */
export interface Beginning {
  readonly prior: readonly PriorRun[];
  /** The run that it is started from. */
  readonly earlier?: EarlierRun;
}

/** The prompt a researcher would send first, as a run would render it; `null` when it does not ask with one. */
export function firstPrompt(
  run: ResolvedRun,
  workspace: string,
  effects: Effects,
  copy: SurveyedCopy | null,
  { prior, earlier }: Beginning,
): string | null {
  const { researcher, settings } = run;
  if (!sendsPrompts(researcher)) return null;
  const count = Math.min(researcher.numTasks, settings.stop.hypotheses ?? Number.POSITIVE_INFINITY);
  const prompt = researcher.prompt({ ...previewContext(run, workspace, effects, copy, earlier), prior, count });
  return prompt.replaceAll(String(UNLIKELY), START_SCORE);
}

interface SendsPrompts {
  readonly numTasks: number;
  prompt(ctx: StageContext & { readonly count: number }): string;
}

function sendsPrompts(researcher: object): researcher is SendsPrompts {
  return "prompt" in researcher && typeof researcher.prompt === "function";
}

/** The first iteration of a run that does not take place: nothing can be asked or run, and of artifacts the start has a score. */
function previewContext(
  { settings, experimenter, evaluator }: ResolvedRun,
  root: string,
  effects: Effects,
  copy: SurveyedCopy | null,
  earlier: EarlierRun | undefined,
): StageContext {
  const refuse = (what: string) => async (): Promise<never> => {
    throw new RunFailedError(`${what} in a dry run`);
  };
  const { files } = effects;
  const scope = { files, workspace: root };
  const isTracking = copy !== null && settings.artifacts.length > 0;
  const start: HistoryEntry = {
    id: hypothesisId(0, 0),
    iteration: 0,
    label: "start",
    spec: {},
    score: UNLIKELY,
    passed: settings.metric.baseline === undefined,
    reason: START_REASON,
    hasEdits: false,
    state: "",
  };
  return {
    settings,
    runId: "dryrun",
    mark: "dryrun/",
    effects,
    workspace: {
      root,
      readHypothesis: () => null,
      readExperiment: () => null,
      readEvaluation: () => null,
      readTrial: () => null,
      trialDir: () => root,
    },
    inputs: settings.inputs.map((input) => {
      return { path: input.path, size: inputSize(input, scope), modifiedAt: "", sha256: "" };
    }),
    scoring: scoringTerms({ experimenter, evaluator }, settings, files),
    totals: () => NO_TOTALS,
    emit: () => {},
    signal: NEVER,
    iteration: 1,
    history: {
      entries: isTracking ? [start] : [],
      best: isTracking ? start : null,
      refused: [],
      tried: 0,
      insights: [],
    },
    rng: effects.rng(settings.seed).fork("iteration-1"),
    calls: { ask: refuse("no model is asked") },
    trials: { run: refuse("no trial is run"), beside: refuse("no command is run") },
    ...(isTracking
      ? { artifacts: previewArtifacts(files, settings.root, copy.survey, stateOf(earlier, settings)) }
      : {}),
  };
}

/** What of the earlier run takes the place of the project's artifacts. */
function stateOf(earlier: EarlierRun | undefined, { artifacts, files, inputs }: RunSettings): EarlierState | null {
  const { state, tracked = [] } = earlier?.origin ?? {};
  if (earlier === undefined || state === undefined) return null;
  const scope = { tracked: artifacts, patterns: files, inputs: inputs.map(({ path }) => path) };
  return { store: earlier.store, snapshot: state.snapshot, tracked, scope };
}
