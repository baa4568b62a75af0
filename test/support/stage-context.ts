import type { HistoryEntry, StageContext, StageResults } from "../../src/kernel/context.ts";
import type { AuraEventBody } from "../../src/kernel/events.ts";
import { hypothesisId } from "../../src/model/ids.ts";
import type { JsonObject } from "../../src/model/json.ts";
import { NO_TOTALS } from "../../src/model/run.ts";
import { DEFAULT_SETTINGS, type Direction } from "../../src/model/settings.ts";
import { seededRng } from "../../src/platform/rng.ts";
import { systemEffects } from "../../src/platform/system.ts";

export interface StageContextOptions
  extends Partial<Pick<StageContext["history"], "entries" | "best" | "insights" | "refused">> {
  readonly direction?: Direction;
  readonly iteration?: number;
  readonly seed?: number;
  readonly root?: string;
  readonly signal?: AbortSignal;
  /** Where emitted events go. */
  readonly events?: AuraEventBody[];
}

/** What a stage gets, without a workspace, models or trials behind it. */
export function stageContext(options: StageContextOptions = {}): StageContext {
  const {
    entries = [],
    best = null,
    insights = [],
    refused = [],
    iteration = 1,
    seed = 7,
    root = "/nowhere",
  } = options;
  return {
    settings: {
      ...DEFAULT_SETTINGS,
      name: "test",
      root,
      seed,
      metric: {
        name: "accuracy",
        direction: options.direction ?? "maximize",
        minDelta: { kind: "absolute", value: 0 },
      },
    },
    runId: "testrun",
    mark: "testrun/",
    effects: systemEffects(),
    workspace: {
      root,
      readHypothesis: () => null,
      readExperiment: () => null,
      readEvaluation: () => null,
      readTrial: () => null,
      trialDir: (id, attempt) => `${root}/${id}.a${attempt}`,
    },
    inputs: [],
    totals: () => NO_TOTALS,
    emit: (event) => options.events?.push(event),
    signal: options.signal ?? new AbortController().signal,
    iteration,
    history: { entries, best, tried: entries.length, refused, insights },
    rng: seededRng(seed).fork(`iteration-${iteration}`),
    calls: { ask: () => Promise.reject(new Error("no call was expected")) },
    trials: { run: () => Promise.reject(new Error("no trial was expected")), beside: (task) => task() },
  };
}

/** A scored hypothesis of a finished iteration. */
export function historyEntry(iteration: number, index: number, spec: JsonObject, score: number | null): HistoryEntry {
  const id = hypothesisId(iteration, index);
  return { id, iteration, spec, score, passed: score !== null, reason: "", hasEdits: false };
}

/** A hypothesis of the batch under review. */
export function stageResults(id: string, spec: JsonObject, score: number | null, reason = ""): StageResults {
  return {
    hypothesis: { id, spec },
    experiment: { hypothesisId: id, status: score === null ? "failed" : "completed", trials: [], summary: null },
    evaluation: { hypothesisId: id, score, passed: score !== null, reason, details: {} },
  };
}
