import { join } from "node:path";
import type {
  AttemptResult,
  HistoryEntry,
  StageContext,
  TrialContext,
  TrialRequest,
} from "../../src/kernel/context.ts";
import type { Effects } from "../../src/kernel/effects.ts";
import type { AuraEventBody } from "../../src/kernel/events.ts";
import type { RawResult } from "../../src/kernel/ports.ts";
import type { Hypothesis } from "../../src/model/hypothesis.ts";
import { trialId } from "../../src/model/ids.ts";
import type { JsonObject } from "../../src/model/json.ts";
import type { RunSettings } from "../../src/model/settings.ts";
import type { FinishedTrial } from "../../src/model/trial.ts";
import { type TemporaryDirectory, temporaryDirectory } from "../../src/testing/temp-dir.ts";
import { stageContext } from "./stage-context.ts";

export interface RigOptions {
  readonly settings?: Partial<RunSettings>;
  readonly variables?: Readonly<Record<string, string>>;
  readonly entries?: readonly HistoryEntry[];
  readonly effects?: Partial<Effects>;
}

/** A project in a temporary folder and a stage whose trials really run there, one attempt each. */
export interface ExecutionRig extends Disposable {
  readonly dir: TemporaryDirectory;
  readonly ctx: StageContext;
  readonly requests: TrialRequest[];
  /** The trials that have ended. */
  readonly trials: FinishedTrial[];
  readonly events: AuraEventBody[];
  /** Ends the run as a user's stop does. */
  readonly stop: AbortController;
  /** The context of an attempt outside any experimenter. */
  trial(request?: Partial<TrialRequest>): TrialContext;
}

export function hypothesis(spec: JsonObject = {}, id = "i00001-h000"): Hypothesis {
  return { id, spec };
}

/** What is left of a process that exited with 0, but for what is given. */
export function exited(given: Partial<Extract<RawResult, { kind: "process" }>> = {}): RawResult {
  return {
    kind: "process",
    end: "exited",
    exitCode: 0,
    signal: null,
    stdoutTail: "",
    stderrTail: "",
    durationMs: 1,
    lines: { stdout: [], truncated: false },
    ...given,
  };
}

export function executionRig(options: RigOptions = {}): ExecutionRig {
  const dir = temporaryDirectory();
  const stop = new AbortController();
  const events: AuraEventBody[] = [];
  const requests: TrialRequest[] = [];
  const trials: FinishedTrial[] = [];
  const stage = stageContext({
    root: dir.path,
    signal: stop.signal,
    events,
    ...(options.entries ? { entries: options.entries } : {}),
  });
  const variables = { PATH: process.env.PATH ?? "", ...options.variables };
  const effects: Effects = {
    ...stage.effects,
    variables: { get: (name) => new Map(Object.entries(variables)).get(name), names: () => Object.keys(variables) },
    ...options.effects,
  };
  const settings: RunSettings = { ...stage.settings, ...options.settings };

  // A trial may run several times here, and each has an empty one.
  let uses = 0;
  const contextOf = (request: TrialRequest): TrialContext => {
    const id = trialId(request.hypothesis.id, request.kind, request.index);
    const trialDir = dir.join("trials", id);
    const cwd = request.cwd === "copy" ? join(trialDir, "project") : dir.path;
    effects.files.makeDirectory(cwd);
    effects.files.makeDirectory(trialDir);
    // Leftovers are found by their marker: no two rigs may share one.
    const marker = `${dir.path}/${id}`;
    const paramsFile = dir.write(`trials/${id}/params.json`, JSON.stringify(request.hypothesis.spec));
    return {
      ...ctx,
      trialId: id,
      hypothesisId: request.hypothesis.id,
      kind: request.kind,
      index: request.index,
      attempt: 1,
      seed: request.seed,
      slot: 0,
      trialDir,
      running: dir.join(`running-${uses++}`),
      logs: { stdout: `${trialDir}.stdout.log`, stderr: `${trialDir}.stderr.log` },
      cwd,
      paramsFile,
      env: {
        AURA_TRIAL: marker,
        AURA_TRIAL_DIR: trialDir,
        AURA_TRIAL_INDEX: String(request.index),
        AURA_TRIAL_PARAMS: paramsFile,
        AURA_SEED: String(request.seed),
      },
      marker,
      started: () => undefined,
      measured: () => undefined,
    };
  };
  const run = async (
    request: TrialRequest,
    attempt: (ctx: TrialContext) => Promise<AttemptResult>,
  ): Promise<FinishedTrial> => {
    requests.push(request);
    stop.signal.throwIfAborted();
    const trialCtx = contextOf(request);
    const { outcome, steps } = await attempt(trialCtx);
    stop.signal.throwIfAborted();
    const { kind, index, seed } = request;
    const hypothesisId = request.hypothesis.id;
    const known = { id: trialCtx.trialId, hypothesisId, kind, index, seed, attempts: [] };
    const trial: FinishedTrial = { ...known, state: "finished", outcome, steps };
    trials.push(trial);
    return trial;
  };
  const workspace = { ...stage.workspace, root: dir.join("run") };
  const ctx: StageContext = { ...stage, workspace, effects, settings, trials: { run, beside: (task) => task() } };
  return {
    dir,
    ctx,
    requests,
    trials,
    events,
    stop,
    trial: (request) =>
      contextOf({
        hypothesis: hypothesis(),
        kind: "trial",
        index: 0,
        seed: 1,
        cwd: "root",
        capture: false,
        ...request,
      }),
    [Symbol.dispose]: () => {
      effects.processes.killAll();
      dir[Symbol.dispose]();
    },
  };
}
