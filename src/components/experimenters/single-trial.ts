import { resolve } from "node:path";
import type { AttemptResult, RunContext, ScoringTerms, StageContext, TrialContext } from "../../kernel/context.ts";
import { type AnyDefinition, type ComponentDeps, defineComponent } from "../../kernel/define.ts";
import { DevicePool } from "../../kernel/devices.ts";
import type { Files } from "../../kernel/effects.ts";
import { isAuraError, RunFailedError, SpecError } from "../../kernel/errors.ts";
import { assertOptions, doing, type Expectation, inSchema, ofSchema, required } from "../../kernel/given-options.ts";
import { Interrupted } from "../../kernel/interrupted.ts";
import type {
  Aggregator,
  Collection,
  Collector,
  Command,
  ExecutionEnvironment,
  Executor,
  Experimenter,
  Lifecycle,
  PreparedEnvironment,
  ProbeContext,
  RawResult,
  TrialPlace,
  TrialWarning,
} from "../../kernel/ports.ts";
import type { Experiment } from "../../model/experiment.ts";
import type { Hypothesis } from "../../model/hypothesis.ts";
import { defined, isJsonObject, type JsonObject } from "../../model/json.ts";
import type { RunSettings } from "../../model/settings.ts";
import { type Failure, type FinishedTrial, type TrialResult, trialResult } from "../../model/trial.ts";
import type { ComponentConfig } from "../../schema/infer.ts";
import { MeanTrialAggregator } from "../aggregators/merged.ts";
import { LastTrialAggregator } from "../aggregators/outputs.ts";
import { StdoutCollector } from "../collectors/stdout.ts";
import { NoEnvironment } from "../environments/none.ts";
import { failedOutcome, thrownFailure } from "../executors/jobs.ts";
import { readCases } from "./cases.ts";
import { localExecutor, runChecks } from "./checks.ts";
import { findDevices } from "./devices.ts";
import {
  checkRepeats,
  type RepeatOptions,
  type RepeatParts,
  repeatOptionProperties,
  repeatSeed,
  toRepeatParts,
} from "./repeats.ts";

/** The parts an experimenter is composed of, and how often it runs a hypothesis. */
export interface ExperimenterParts extends RepeatParts {
  /** Default: what is on PATH. */
  readonly environment?: ExecutionEnvironment;
  readonly executor?: Executor;
  /** Default: stdout. */
  readonly collector?: Collector;
  /** Default: the trial itself; with several trials, their mean. */
  readonly aggregator?: Aggregator;
}

/** What each of them may be. */
export const PARTS: Readonly<Record<keyof ExperimenterParts, Expectation>> = {
  ...inSchema(repeatOptionProperties),
  seeds: ofSchema(repeatOptionProperties.seeds.anyOf[0]),
  environment: doing("prepare", "an environment"),
  executor: doing("run", "an executor"),
  collector: doing("collect", "a collector"),
  aggregator: doing("aggregate", "an aggregator"),
};

/**
 * Runs each hypothesis as one or more trials of four steps: prepare, execute, collect, cleanup. Compose it of parts, or
 * subclass it and override the steps, or the parts as fields.
 */
export class SingleTrialExperimenter implements Experimenter {
  readonly environment: ExecutionEnvironment;
  readonly executor: Executor | undefined;
  readonly collector: Collector;
  readonly aggregator: Aggregator | undefined;
  readonly trials: number;
  readonly seeds: readonly number[] | undefined;
  readonly allowFailed: number;
  readonly capture: boolean;
  readonly exclusive: boolean;
  readonly gpus: number | undefined;
  /** The file of its cases: trials find its rows, and nothing else may see them. */
  readonly inputs: readonly string[];
  #cases: readonly JsonObject[] | undefined;
  #devices: DevicePool | undefined;

  constructor(parts: ExperimenterParts = {}) {
    // What a subclass does, or sets as a field, shows later.
    const executor = new.target === SingleTrialExperimenter ? required(PARTS.executor) : PARTS.executor;
    assertOptions(new.target.name, parts, { ...PARTS, executor });
    this.trials = parts.trials ?? parts.seeds?.length ?? 1;
    this.environment = parts.environment ?? new NoEnvironment();
    this.executor = parts.executor;
    this.gpus = parts.gpus;
    this.#join();
    this.collector = parts.collector ?? new StdoutCollector();
    this.aggregator = parts.aggregator;
    this.seeds = parts.seeds;
    this.allowFailed = parts.allowFailed ?? 0;
    this.capture = parts.capture ?? false;
    this.exclusive = parts.exclusive ?? false;
    this.inputs = parts.cases === undefined ? [] : [parts.cases];
  }

  /** An environment that starts commands itself does so for the executor. */
  #join(): void {
    const { executor, environment, gpus } = this;
    if (gpus !== undefined && this.queues) {
      throw new SpecError("gpus gives out the devices of this machine: where trials queue, ask the executor for them");
    }
    if (!environment.starter || !executor) return;
    if (!executor.startBy)
      throw new SpecError("this environment is one for commands, and trials of this executor are none");
    executor.startBy(environment.starter);
  }

  get queues(): boolean {
    return this.executor?.starter?.gatherMs !== undefined;
  }

  get passEnv(): readonly string[] {
    return this.executor?.passEnv ?? [];
  }

  get terms(): ScoringTerms {
    return { ...this.executor?.terms, trials: this.trials, capture: this.capture };
  }

  warnings(settings: RunSettings): readonly TrialWarning[] {
    return this.executor?.warnings?.(settings) ?? [];
  }

  wrap(command: Command, place: TrialPlace): Command {
    return this.executor?.starter?.wrap?.(command, place) ?? command;
  }

  trialsEach(root: string, files: Pick<Files, "readText">): number {
    return this.trials * Math.max(1, this.#rows(root, files).length);
  }

  /** Throws `ToolMissingError` for a program that the trials or the checks need and that is not there. */
  async probe(ctx: ProbeContext): Promise<void> {
    this.#join();
    const { environment, executor } = this;
    this.#rows(ctx.settings.root, ctx.effects.files);
    // Others have to start or make something to see what there is.
    if (ctx.onlyLook && !(environment.addsNothing && executor?.starter?.probe === undefined)) return;
    await environment.probe?.(ctx);
    if (executor?.probe) await executor.probe(environment, ctx);
    if (this.gpus !== undefined && !ctx.onlyLook) await findDevices(this.gpus, ctx);
    if (executor?.starter) return;
    for (const check of ctx.settings.checks) await localExecutor(check).probe?.(environment, ctx);
  }

  async setup(ctx: RunContext): Promise<void> {
    this.#join();
    if (this.capture && ctx.settings.artifacts.length === 0) {
      throw new SpecError("capture keeps what trials leave under the tracked artifacts, and none are tracked");
    }
    if (this.gpus !== undefined) this.#devices = new DevicePool(await findDevices(this.gpus, ctx), ctx.takenDevices);
    for (const part of this.#parts()) await part.setup?.(ctx);
  }

  async teardown(ctx: RunContext): Promise<void> {
    const failures: unknown[] = [];
    for (const part of this.#parts().reverse()) {
      try {
        await part.teardown?.(ctx);
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0) throw failures[0];
  }

  async runExperiment(hypothesis: Hypothesis, ctx: StageContext): Promise<Experiment> {
    const cwd = ctx.settings.artifacts.length > 0 ? "copy" : (this.executor?.cwd ?? "root");
    const adopts = this.executor?.adopts === true;
    const devices = this.#devices && this.gpus ? { pool: this.#devices, count: this.gpus } : undefined;
    const shared = { cwd, queues: this.queues, adopts, ...defined({ devices }) } as const;
    const request = { ...shared, exclusive: this.exclusive };
    const { environment, executor } = this;
    const checks = await runChecks(hypothesis, ctx, { environment, executor, request: shared });
    const common = { hypothesisId: hypothesis.id, ...(checks.results.length > 0 ? { checks: checks.results } : {}) };
    if (checks.failure) return { ...common, status: "failed", trials: [], summary: null, failure: checks.failure };

    const rows = this.#rows(ctx.settings.root, ctx.effects.files);
    const running = Array.from({ length: this.trials * Math.max(1, rows.length) }, (_, index) =>
      ctx.trials.run(
        {
          ...request,
          hypothesis,
          kind: "trial",
          index,
          seed: repeatSeed(ctx, index % this.trials, this.seeds),
          capture: this.capture,
        },
        (trialCtx) =>
          this.#attempt(hypothesis, { ...trialCtx, ...defined({ case: rows[Math.floor(index / this.trials)] }) }),
      ),
    );
    const trials = await settled(running);
    const results = trials.map(trialResult).map((result) => (rows.length > 0 ? untold(result) : result));
    const failure = this.#failureOf(trials, rows.length > 0);
    if (failure) return { ...common, status: "failed", trials: results, summary: null, failure };
    const aggregator = this.#aggregator();
    const summary = aggregator.aggregate(trials);
    const reason = summary === null ? aggregator.whyNone?.(trials) : undefined;
    if (reason === undefined) return { ...common, status: "completed", trials: results, summary };
    return { ...common, status: "failed", trials: results, summary, failure: { code: "no-summary", message: reason } };
  }

  /** Makes ready where the trial runs. */
  async prepare(hypothesis: Hypothesis, ctx: TrialContext): Promise<PreparedEnvironment> {
    return this.environment.prepare(hypothesis, ctx);
  }

  /** Runs the hypothesis once. */
  async execute(hypothesis: Hypothesis, prepared: PreparedEnvironment, ctx: TrialContext): Promise<RawResult> {
    if (!this.executor)
      throw new RunFailedError(`${this.constructor.name} has no executor: give it one, or override execute`);
    return this.executor.run(hypothesis, prepared, ctx);
  }

  /** Reads the metrics out of what ran. Also called for a trial that failed, for the steps it reported. */
  async collect(hypothesis: Hypothesis, raw: RawResult, ctx: TrialContext): Promise<Collection> {
    return this.collector.collect(raw, hypothesis, ctx);
  }

  /** Takes away what was prepared for this trial alone. Always called after `prepare`, however the trial ended. */
  async cleanup(_hypothesis: Hypothesis, prepared: PreparedEnvironment, _ctx: TrialContext): Promise<void> {
    await prepared.remove?.();
  }

  async #attempt(hypothesis: Hypothesis, ctx: TrialContext): Promise<AttemptResult> {
    try {
      const prepared = await this.prepare(hypothesis, ctx);
      try {
        const raw = await this.execute(hypothesis, prepared, ctx);
        return await this.#read(hypothesis, raw, ctx);
      } finally {
        await this.cleanup(hypothesis, prepared, ctx);
      }
    } catch (error) {
      // What AURA itself cannot go on with, and a stop, are no property of the trial.
      if (isAuraError(error) || error instanceof Interrupted || ctx.signal.aborted) throw error;
      return { outcome: { status: "failed", failure: thrownFailure(error) }, steps: [] };
    }
  }

  async #read(hypothesis: Hypothesis, raw: RawResult, ctx: TrialContext): Promise<AttemptResult> {
    const failed = failedOutcome(raw);
    const collected = await this.collect(hypothesis, raw, ctx);
    const steps = collected.steps ?? [];
    if (failed) return { outcome: failed, steps };
    if ("failure" in collected) return { outcome: { status: "failed", failure: collected.failure }, steps };
    return { outcome: { status: "completed", output: collected.output }, steps };
  }

  #aggregator(): Aggregator {
    return (
      this.aggregator ??
      (this.trials > 1 || this.inputs.length > 0 ? new MeanTrialAggregator() : new LastTrialAggregator())
    );
  }

  /** The rows of its cases, read and checked once; none where there is no such file. */
  #rows(root: string, files: Pick<Files, "readText">): readonly JsonObject[] {
    const [path] = this.inputs;
    if (path === undefined) return [];
    if (this.#cases === undefined) {
      const rows = readCases(resolve(root, path), files);
      this.executor?.checkCases?.([...new Set(rows.flatMap(Object.keys))]);
      this.#cases = rows;
    }
    return this.#cases;
  }

  #failureOf(trials: readonly FinishedTrial[], areCases: boolean): Failure | null {
    const failures = trials.flatMap(({ id, outcome }) => (outcome.status === "completed" ? [] : [{ id, outcome }]));
    const [first] = failures;
    if (!first || (failures.length <= this.allowFailed && failures.length < trials.length)) return null;
    const { logTail, ...failure } = first.outcome.failure;
    const told = areCases ? failure : { ...failure, ...defined({ logTail }) };
    if (trials.length === 1) return told;
    const isShort = this.allowFailed > 0 && failures.length < trials.length;
    const counted = `${failures.length} of ${trials.length} trials failed`;
    return {
      ...told,
      message: `${counted}${isShort ? `, and ${this.allowFailed} may` : ""}; ${first.id}: ${failure.message}`,
    };
  }

  #parts(): Lifecycle[] {
    return [this.environment, this.executor, this.collector].filter((part) => part !== undefined);
  }
}

/** A trial's result without what it printed of its case: nobody who proposes is to see that. */
function untold({ outcome, ...result }: TrialResult): TrialResult {
  if (outcome.status !== "completed") {
    const { logTail: _, ...failure } = outcome.failure;
    return { ...result, outcome: { ...outcome, failure } };
  }
  if (!isJsonObject(outcome.output)) return { ...result, outcome };
  const { feedback: _, ...output } = outcome.output;
  return { ...result, outcome: { ...outcome, output } };
}

/** All trials, once every one has come to an end: nothing of an experiment runs on behind a failure of another. */
async function settled(running: readonly Promise<FinishedTrial>[]): Promise<readonly FinishedTrial[]> {
  const ends = await Promise.allSettled(running);
  return ends.map((end) => {
    if (end.status === "rejected") throw end.reason;
    return end.value;
  });
}

/** Options of the parts besides the executor. */
const partOptionProperties = {
  environment: { $ref: "#/$defs/environment", description: "Where commands find their programs. Default `none`." },
  collector: { $ref: "#/$defs/collector", description: "What reads its metrics. Default `stdout`." },
  aggregator: {
    $ref: "#/$defs/aggregator",
    description: "What makes one summary of several trials. Default `mean`; with one trial, its metrics.",
  },
} as const;

/** The parts besides the executor, and how often a hypothesis is run, as options say. */
function partsFrom(
  options: RepeatOptions & Partial<Record<keyof typeof partOptionProperties, ComponentConfig>>,
  { build, resolvePath }: ComponentDeps,
): Omit<ExperimenterParts, "executor"> {
  const { environment, collector, aggregator } = options;
  return {
    ...toRepeatParts(options),
    ...(options.cases === undefined ? {} : { cases: resolvePath(options.cases) }),
    ...(environment === undefined ? {} : { environment: build("environment", environment) }),
    ...(collector === undefined ? {} : { collector: build("collector", collector) }),
    ...(aggregator === undefined ? {} : { aggregator: build("aggregator", aggregator) }),
  };
}

export const composedExperimenter = defineComponent({
  kind: "experimenter",
  type: "composed",
  aliases: ["single-trial"],
  summary: "Runs each hypothesis as one or more trials of an environment, an executor, a collector and an aggregator.",
  options: {
    type: "object",
    properties: {
      executor: { $ref: "#/$defs/executor", description: "What runs a trial." },
      ...partOptionProperties,
      ...repeatOptionProperties,
    },
    required: ["executor"],
    additionalProperties: false,
  },
  example: {
    environment: { type: "none" },
    executor: { type: "script", command: "python train.py --lr {lr} --seed {aura.seed}", timeout: "5m" },
    collector: { type: "stdout" },
    aggregator: { type: "mean" },
    trials: 3,
    allow_failed: 0,
    capture: false,
    exclusive: false,
  },
  create: (options, deps) =>
    new SingleTrialExperimenter({ ...partsFrom(options, deps), executor: deps.build("executor", options.executor) }),
  check: checkRepeats,
});

/** An experimenter that is short for `composed` with this executor: it takes the options of both. */
export function shortForm(executor: AnyDefinition<"executor">): AnyDefinition<"experimenter"> {
  const { type, options, example } = executor;
  return {
    kind: "experimenter",
    type,
    summary: `Short for \`composed\` with a \`${type}\` executor.`,
    options: { ...options, properties: { ...options.properties, ...partOptionProperties, ...repeatOptionProperties } },
    example: { ...(isJsonObject(example) ? example : {}), allow_failed: 0, capture: false, exclusive: false },
    create: (given: never, deps) =>
      new SingleTrialExperimenter({ ...partsFrom(given, deps), executor: executor.create(given, deps) }),
    check: (given: never) => [...(executor.check?.(given) ?? []), ...checkRepeats(given)],
  };
}
