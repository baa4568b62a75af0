import { setMaxListeners } from "node:events";
import type { Effects } from "../kernel/effects.ts";
import { EXIT, type ExitCode, isAuraError, messageOf, RunFailedError } from "../kernel/errors.ts";
import type { EventSink } from "../kernel/events.ts";
import { StopRequest } from "../kernel/interrupted.ts";
import { createRedactor, type Redactor } from "../kernel/redact.ts";
import { artifactPath } from "../model/artifact.ts";
import type { Failed } from "../model/failed.ts";
import { defined } from "../model/json.ts";
import type { BestSoFar, FinishReason, RunTotals } from "../model/run.ts";
import type { RunSettings } from "../model/settings.ts";
import { isWithin } from "../model/tree-path.ts";
import type { LockOptions } from "../workspace/lock/lock.ts";
import type { Workspace } from "../workspace/workspace.ts";
import { conductRun, type RunEnd } from "./conduct.ts";
import { createEmitter, type Emitter } from "./emitter.ts";
import type { StopSignals } from "./ending.ts";
import {
  assertPipelineOptions,
  hiddenValues,
  overridden,
  overridePaths,
  type PipelineOptions,
  type RunOverrides,
  settingsFrom,
} from "./options.ts";
import { assertArtifacts } from "./trackable.ts";

/** How a run is stopped and watched from outside. */
export interface RunOptions {
  /** Aborting ends what runs at once; the run stays resumable. */
  readonly signal?: AbortSignal;
  /** Aborting starts nothing more and lets what runs be finished and scored. */
  readonly drain?: AbortSignal;
  /** Told once when the lock is another machine's, which is watched for a while: its owner, and how long at most. */
  readonly onWait?: LockOptions["onWait"];
  /** What this time is other than the pipeline says, as flags of `aura run` are. Default: nothing. */
  readonly settings?: RunOverrides;
  /** Run failed hypotheses again: all of them, or these. Default: what the pipeline says. */
  readonly retryFailed?: PipelineOptions["retryFailed"];
}

/** How a run ended, and the best it found. */
export interface RunResult {
  readonly reason: FinishReason;
  /** What the command line would exit with. */
  readonly exitCode: ExitCode;
  readonly best: BestSoFar | null;
  readonly iterationsCompleted: number;
  readonly totals: RunTotals;
  /** More about the reason; of a run that failed also the last lines of what failed. */
  readonly message?: string;
  /** The hypothesis that failed last, if one did. */
  readonly lastFailed?: Failed;
}

/**
 * The loop: hypothesize, experiment, evaluate, review, repeat until a stop condition holds. On a workspace that already
 * holds this run it continues from the records.
 */
export class Pipeline {
  readonly settings: RunSettings;
  /** Where it keeps its records. */
  readonly workspace: Workspace;
  readonly #options: PipelineOptions;
  readonly #effects: Effects;
  readonly #emitter: Emitter;
  readonly #hide: Redactor;

  /** Throws `UsageError` naming every option that is missing, unknown or not what it has to be. */
  constructor(options: PipelineOptions) {
    assertPipelineOptions(options);
    this.workspace = options.workspace;
    this.#effects = options.workspace.effects;
    const secrets = hiddenValues(options);
    this.#options = { ...options, secrets };
    this.#hide = createRedactor(secrets);
    this.#emitter = createEmitter(this.#effects.clock, this.#hide);
    this.settings = settingsFrom(options, options.evaluator, options.experimenter);
  }

  /** Adds an observer of everything that happens; the returned function takes it away. */
  subscribe(sink: EventSink): () => void {
    return this.#emitter.subscribe(sink);
  }

  /**
   * Runs to the first stop condition. Resolves with how it ended; throws `AuraError` when the run cannot go on: the
   * workspace is held by another process or damaged, a tool or the provider is unusable, the disk is full.
   */
  async run(options: RunOptions = {}): Promise<RunResult> {
    const of = (...given: readonly (AbortSignal | undefined)[]): AbortSignal => {
      const any = AbortSignal.any(given.filter((signal) => signal !== undefined));
      // All trials of an iteration may wait for it; Node takes more than ten for a leak.
      setMaxListeners(0, any);
      return any;
    };
    const asked = new AbortController();
    const stop = (): void => asked.abort(new StopRequest(EXIT.paused));
    const signals = { now: of(options.signal), drain: of(options.drain, asked.signal), stop };
    try {
      const settings = overridden(this.settings, options.settings ?? {});
      this.#assertArtifacts(settings);
      return result(await this.#inLock(settings, signals, options));
    } catch (thrown) {
      this.#hide.error(thrown);
      if (isAuraError(thrown)) throw thrown;
      throw new RunFailedError(`the run failed: ${messageOf(thrown)}`, { cause: thrown });
    }
  }

  /** Asked before anything is written, and no more of artifacts that have been read. */
  #assertArtifacts(settings: RunSettings): void {
    const { artifacts = settings.artifacts, workspace } = this.#options;
    const project = workspace.readManifest()?.project;
    const read = project?.scope.tracked ?? [];
    const unread = artifacts.filter((one) => {
      const path = artifactPath(typeof one === "string" ? one : one.path);
      return !read.some((folder) => isWithin(path, folder));
    });
    assertArtifacts(unread, settings, this.#effects.files);
  }

  async #inLock(
    settings: RunSettings,
    signals: StopSignals & { readonly stop: () => void },
    { onWait, settings: overrides = {}, retryFailed = this.#options.retryFailed }: RunOptions,
  ): Promise<RunEnd> {
    const { workspace, from } = this.#options;
    const isNew = from !== undefined && !workspace.hasRun();
    const earlier = isNew ? await (await import("./prior.ts")).readEarlier(from, settings, this.#effects) : null;
    // Nothing is under way yet that a gentle stop could wait for.
    const signal = AbortSignal.any([signals.now, signals.drain]);
    const lock = await workspace.lock(onWait ? { signal, onWait } : { signal });
    try {
      const options = { ...this.#options, overrides: overridePaths(overrides), ...defined({ retryFailed }) };
      return await conductRun(options, settings, this.#emitter, signals, earlier);
    } finally {
      lock.release();
    }
  }
}

function result(end: RunEnd): RunResult {
  const { manifest, ...how } = end;
  const { best, iterationsCompleted, totals } = manifest;
  return { ...how, best, iterationsCompleted, totals };
}
