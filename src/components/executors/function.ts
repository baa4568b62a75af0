import { isAbsolute, join, relative } from "node:path";
import type { TrialContext } from "../../kernel/context.ts";
import { defineComponent } from "../../kernel/define.ts";
import { TimeoutReached } from "../../kernel/effects.ts";
import { messageOf } from "../../kernel/errors.ts";
import {
  assertArgument,
  assertOptions,
  type Expectation,
  inSchema,
  isObject,
  POSITIVE,
} from "../../kernel/given-options.ts";
import type { Executor, OutputLines, PreparedEnvironment, RawResult } from "../../kernel/ports.ts";
import type { Hypothesis } from "../../model/hypothesis.ts";
import { defined, type JsonObject, type JsonValue } from "../../model/json.ts";
import type { Failure, TrialStep } from "../../model/trial.ts";
import { parseDuration } from "../../model/units.ts";
import { type ModuleFunctionResult, runModuleFunction } from "../../platform/function-host.ts";
import { plainJson } from "../../platform/plain-json.ts";
import { type ObjectSchema, TIME_LIMIT } from "../../schema/dialect.ts";
import { stepsIn } from "../metric-line.ts";
import { ownEnvironment } from "../process-environment.ts";
import { commandValues } from "./command.ts";
import { threw, thrownFailure, trialTimeoutMs } from "./jobs.ts";
import { Output, tail } from "./output.ts";
import { processOptionProperties } from "./process-options.ts";

const MOST_STEPS = 20_000;

/** A trial as a function in code sees it: everything of the trial, and a way to report on its way. */
export interface FunctionContext extends TrialContext {
  readonly hypothesis: Hypothesis;
  /** Records a step, such as the metrics of one epoch. */
  step(data: JsonValue): void;
}

/** A trial as a function: parameters in, metrics out. `ctx.signal` asks it to stop. */
export type TrialFunction = (spec: JsonObject, ctx: FunctionContext) => unknown;

/** An exported function of a module file. */
export interface ModuleFunction {
  /** Absolute path. */
  readonly module: string;
  /** Default `default`. */
  readonly export?: string;
}

export interface FunctionExecutorOptions {
  /** Milliseconds; default one hour. */
  readonly timeoutMs?: number;
  /** Names of AURA's own variables that a module's process gets. */
  readonly passEnv?: readonly string[];
  /** Default `root`. */
  readonly cwd?: "root" | "copy";
}

/** What may be called. */
export const TARGET: Expectation = {
  expected: "a function, or { module, export } of a file",
  holds: (value) => typeof value === "function" || (isObject(value) && typeof value.module === "string"),
};

/**
 * Runs each trial as a function `(spec, ctx) => metrics`. One given in code runs in this process and can only be asked
 * to stop; one given by module runs in a child process and is ended at its timeout.
 */
export class FunctionExecutor implements Executor {
  readonly cwd: "root" | "copy";
  readonly passEnv: readonly string[];
  readonly #target: TrialFunction | ModuleFunction;
  readonly #options: FunctionExecutorOptions;

  constructor(target: TrialFunction | ModuleFunction, options: FunctionExecutorOptions = {}) {
    assertArgument("FunctionExecutor", "target", target, TARGET);
    const { pass_env, cwd } = processOptionProperties;
    assertOptions("FunctionExecutor", options, { ...inSchema({ pass_env, cwd }), timeoutMs: POSITIVE });
    this.cwd = options.cwd ?? "root";
    this.passEnv = options.passEnv ?? [];
    this.#target = target;
    this.#options = options;
  }

  async run(hypothesis: Hypothesis, environment: PreparedEnvironment, ctx: TrialContext): Promise<RawResult> {
    const timeoutMs = trialTimeoutMs(this.#options.timeoutMs, ctx);
    if (typeof this.#target === "function") return callFunction(this.#target, hypothesis, ctx, timeoutMs);
    return this.#runModule(this.#target, hypothesis, environment, ctx, timeoutMs);
  }

  async #runModule(
    target: ModuleFunction,
    hypothesis: Hypothesis,
    environment: PreparedEnvironment,
    ctx: TrialContext,
    timeoutMs: number,
  ): Promise<RawResult> {
    const output = new Output(ctx);
    const { effects, keyVariables } = ctx;
    const { passEnv } = this;
    const env = ownEnvironment({ variables: effects.variables, keyVariables, aura: ctx.env, passEnv });
    const wrapped = environment.wrap({ file: "node", args: [], env, cwd: ctx.cwd });
    const { aura } = commandValues(hypothesis, ctx);
    const result = await runModuleFunction(
      {
        module: moduleIn(ctx, target.module),
        export: target.export ?? "default",
        args: [hypothesis.spec],
        context: { ...aura, hypothesis_id: ctx.hypothesisId, attempt: ctx.attempt, ...defined({ case: ctx.case }) },
        cwd: ctx.cwd,
        env: wrapped.env,
        timeoutMs,
        scratch: ctx.trialDir,
        logs: ctx.logs,
        marker: ctx.marker,
        onStart: (identity) => ctx.started({ ...identity, environment: environment.description }),
        onLine: (stream, line) => output.add(stream, line),
      },
      ctx.effects,
      ctx.signal,
    );
    return moduleResult(result, output.lines());
  }
}

/** A module of the project is taken from the trial's own copy of it, with the hypothesis's edits. */
function moduleIn(ctx: TrialContext, module: string): string {
  const inside = relative(ctx.settings.root, module);
  if (inside.startsWith("..") || isAbsolute(inside)) return module;
  const copied = join(ctx.cwd, inside);
  return ctx.effects.files.stat(copied) === null ? module : copied;
}

function moduleResult(result: ModuleFunctionResult, lines: OutputLines): RawResult {
  if (result.kind === "value") return valueOrFailure(result.value, stepsIn(lines));
  const { end, exitCode, signal, stdoutTail, stderrTail, durationMs, message } = result.process;
  if (result.kind === "threw" || (end === "exited" && exitCode === 0))
    return failureOf("failed", moduleFailure(result));
  const ended = { kind: "process", end, exitCode, signal, stdoutTail, stderrTail, durationMs } as const;
  return { ...ended, lines, ...(message === undefined ? {} : { message }) };
}

/** Why a module's function gave no value. */
export function moduleFailure(result: Exclude<ModuleFunctionResult, { readonly kind: "value" }>): Failure {
  if (result.kind === "threw") return threw(result.message, result.stack);
  const { end, exitCode, message, stderrTail } = result.process;
  const why = end === "exited" ? `ended with code ${exitCode ?? -1} and no result` : (message ?? end);
  const logTail = tail(stderrTail) || undefined;
  return { code: "function-ended", message: `the process of the function: ${why}`, ...defined({ logTail }) };
}

/** Options of what is a function of a module. */
export const functionOptions = {
  type: "object",
  properties: {
    module: {
      type: "string",
      minLength: 1,
      "x-path": "file",
      "x-module": { export: "export" },
      description: "Path of a JavaScript or TypeScript module.",
    },
    export: {
      type: "string",
      minLength: 1,
      default: "default",
      "x-secret": false,
      description: "Name of the exported function.",
    },
    timeout: {
      ...TIME_LIMIT,
      default: "1h",
      "x-scores": false,
      description: "Longest a call may run; then its process is ended.",
    },
  },
  required: ["module"],
  additionalProperties: false,
} as const satisfies ObjectSchema;

export const functionExecutor = defineComponent({
  kind: "executor",
  type: "function",
  summary: "Calls an exported function of a module in a child process: parameters in, metrics out.",
  options: {
    ...functionOptions,
    properties: {
      ...functionOptions.properties,
      pass_env: processOptionProperties.pass_env,
      cwd: processOptionProperties.cwd,
    },
  },
  example: { module: "train.ts", export: "train", timeout: "5m", cwd: "root" },
  create: (options, deps) =>
    new FunctionExecutor(
      { module: deps.resolvePath(options.module), export: options.export },
      {
        timeoutMs: parseDuration(options.timeout),
        cwd: options.cwd,
        ...defined({ passEnv: options.pass_env }),
      },
    ),
});

/** Calls a function in this process. It can only be asked to stop: at its timeout the trial ends, the function may not. */
async function callFunction(
  fn: TrialFunction,
  hypothesis: Hypothesis,
  ctx: TrialContext,
  timeoutMs: number,
): Promise<RawResult> {
  const { clock } = ctx.effects;
  const steps: TrialStep[] = [];
  const startedAt = clock.monotonic();
  using deadline = clock.deadline(timeoutMs);
  const signal = AbortSignal.any([ctx.signal, deadline.signal]);
  const step = (data: JsonValue): void => {
    const plain = plainJson(data);
    if (!plain.ok || signal.aborted || steps.length >= MOST_STEPS) return;
    steps.push({ observedAt: clock.now().toISOString(), kind: "metrics", data: plain.value });
  };
  const call = async () => ({ value: await fn(hypothesis.spec, { ...ctx, hypothesis, signal, step }) });
  const first = await Promise.race([call().catch((thrown: unknown) => ({ thrown })), aborted(signal)]);
  // What a function throws once it was asked to stop is its way of ending.
  if (ctx.signal.aborted && !("value" in first))
    return failureOf("cancelled", { code: "cancelled", message: messageOf(ctx.signal.reason) });
  // A function that never yields keeps the timer from firing: the clock tells.
  if ("isAborted" in first || clock.monotonic() - startedAt > timeoutMs)
    return failureOf("timeout", { code: "timeout", message: new TimeoutReached(timeoutMs).message });
  return "thrown" in first ? failureOf("failed", thrownFailure(first.thrown)) : valueOrFailure(first.value, steps);
}

function aborted(signal: AbortSignal): Promise<{ readonly isAborted: true }> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve({ isAborted: true });
    signal.addEventListener("abort", () => resolve({ isAborted: true }), { once: true });
  });
}

/** The result, or the failure for one that is neither an object of metrics nor an output to be judged. */
function valueOrFailure(value: unknown, steps: readonly TrialStep[]): RawResult {
  const plain = plainJson(value ?? null);
  const example = "an object of metrics is expected, like { accuracy: 0.9 }";
  if (!plain.ok) {
    return failureOf("failed", {
      code: "result-invalid",
      message: `the result cannot be written as JSON: ${plain.reason}; ${example}`,
    });
  }
  // A text or a list is for a judge to read.
  const isOutput = typeof plain.value === "string" || (typeof plain.value === "object" && plain.value !== null);
  if (isOutput) return { kind: "value", value: plain.value, steps };
  const what = (value ?? null) === null ? "nothing" : JSON.stringify(plain.value).slice(0, 100);
  return failureOf("failed", { code: "result-invalid", message: `the function returned ${what}; ${example}` });
}

function failureOf(status: "failed" | "timeout" | "cancelled", failure: Failure): RawResult {
  return { kind: "failure", status, failure };
}
