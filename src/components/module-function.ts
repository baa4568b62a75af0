import type { StageContext } from "../kernel/context.ts";
import { untilAborted } from "../kernel/interrupted.ts";
import type { JsonValue } from "../model/json.ts";
import type { Failure } from "../model/trial.ts";
import { runModuleFunction } from "../platform/function-host.ts";
import { plainJson } from "../platform/plain-json.ts";
import { type ModuleFunction, moduleFailure, thrownFailure } from "./executors/index.ts";
import { ownEnvironment } from "./process-environment.ts";

const MOST_ENTRIES = 10_000;
const LONGEST_MESSAGE = 4096;

/** What a function of the user's gave: JSON data, or why there is none. */
export type FunctionAnswer =
  | { readonly ok: true; readonly value: JsonValue }
  | { readonly ok: false; readonly failure: Failure };

/** How long a module's function may take where nothing is said of it: one hour. */
const DEFAULT_TIMEOUT_MS = 3_600_000;

/**
 * A function of the user's that stands for a stage. One given in code is called in this process; one given by module in
 * a process of its own, which is ended at its timeout and when the run stops.
 */
export class UserFunction<F extends (...args: never[]) => unknown> {
  readonly #target: F | ModuleFunction;
  readonly #timeoutMs: number;

  constructor(target: F | ModuleFunction, { timeoutMs = DEFAULT_TIMEOUT_MS }: { readonly timeoutMs?: number } = {}) {
    this.#target = target;
    this.#timeoutMs = timeoutMs;
  }

  /** Calls it as `inCode` does or, in a process of its own, with `data`. */
  call(ctx: StageContext, inCode: (fn: F) => unknown, data: () => readonly unknown[]): Promise<FunctionAnswer> {
    const target = this.#target;
    if (typeof target === "function") return callInProcess(() => inCode(target), ctx.signal);
    return callModule(target, data(), this.#timeoutMs, ctx);
  }
}

/** What it throws is a failure, unless the run is being stopped: then it is let go of, whether or not it heeds that. */
async function callInProcess(call: () => unknown, signal: AbortSignal): Promise<FunctionAnswer> {
  try {
    const plain = plainJson((await untilAborted(signal, call)) ?? null);
    return plain.ok ? plain : { ok: false, failure: invalidAnswer(`what it returned is no data: ${plain.reason}`) };
  } catch (thrown) {
    if (signal.aborted) throw thrown;
    return { ok: false, failure: thrownFailure(thrown) };
  }
}

async function callModule(
  target: ModuleFunction,
  args: readonly unknown[],
  timeoutMs: number,
  ctx: StageContext,
): Promise<FunctionAnswer> {
  const { effects, settings, signal, mark, keyVariables } = ctx;
  const given = plainJson(args);
  if (!given.ok)
    return { ok: false, failure: invalidAnswer(`the function cannot be given its arguments: ${given.reason}`) };
  const result = await runModuleFunction(
    {
      module: target.module,
      export: target.export ?? "default",
      args: Array.isArray(given.value) ? given.value : [],
      cwd: settings.root,
      env: ownEnvironment({ variables: effects.variables, keyVariables }),
      timeoutMs,
      marker: `${mark}function/${effects.token(8)}`,
    },
    effects,
    signal,
  );
  signal.throwIfAborted();
  if (result.kind === "value") return { ok: true, value: result.value };
  return { ok: false, failure: moduleFailure(result) };
}

/** The failure of an answer that is of the wrong form. */
export function invalidAnswer(message: string): Failure {
  return { code: "result-invalid", message: message.slice(0, LONGEST_MESSAGE) };
}

/**
 * What a stage knows, as data for a function in another process: a part of the context that one in code gets, under the
 * same names. Of the history, the latest 10,000 hypotheses.
 */
export function stageData(ctx: StageContext) {
  const { history } = ctx;
  const latest = { ...history, entries: history.entries.slice(-MOST_ENTRIES) };
  return { ...runData(ctx), history: latest, insights: history.insights };
}

/** The part of it that does not grow with the run. */
export function runData({ settings, iteration, inputs, runId, workspace }: StageContext) {
  const { name, goal, seed, constraints, root, metric } = settings;
  const known = { name, goal, seed, constraints, root, metric };
  return { runId, iteration, settings: known, inputs, workspace: { root: workspace.root } };
}
