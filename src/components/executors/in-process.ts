import type { TrialContext } from "../../kernel/context.ts";
import { messageOf } from "../../kernel/errors.ts";
import type { RawResult } from "../../kernel/ports.ts";
import type { Hypothesis } from "../../model/hypothesis.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "../../model/json.ts";
import type { Failure, TrialStep } from "../../model/trial.ts";
import { plainJson } from "../../platform/plain-json.ts";

/** A trial as a function in code sees it: everything of the trial, and a way to report on its way. */
export interface FunctionContext extends TrialContext {
  /** Records a step, such as the metrics of one epoch. */
  step(data: JsonValue): void;
}

/** A trial as a function: parameters in, metrics out. `ctx.signal` asks it to stop. */
export type TrialFunction = (spec: JsonObject, ctx: FunctionContext) => unknown;

const MOST_STEPS = 20_000;
const LONGEST_TAIL = 4096;

/** Calls a function in this process. It can only be asked to stop: at its timeout the trial ends, the function may not. */
export async function callFunction(
  fn: TrialFunction,
  hypothesis: Hypothesis,
  ctx: TrialContext,
  timeoutMs: number,
): Promise<RawResult> {
  const { clock } = ctx.effects;
  const steps: TrialStep[] = [];
  const stop = new AbortController();
  const signal = AbortSignal.any([ctx.signal, stop.signal]);
  const startedAt = clock.monotonic();
  const timedOut = (): RawResult =>
    failureOf("timeout", { code: "timeout", message: `ran longer than ${timeoutMs / 1000} s` });
  const step = (data: JsonValue): void => {
    const plain = plainJson(data);
    if (!plain.ok || signal.aborted || steps.length >= MOST_STEPS) return;
    steps.push({ observedAt: clock.now().toISOString(), kind: "metrics", data: plain.value });
  };
  const called = settle(fn, hypothesis.spec, { ...ctx, signal, step });
  const over = new AbortController();
  try {
    const first = await Promise.race([called, timeUp(ctx, timeoutMs, over.signal)]);
    // What a function throws once it was asked to stop is its way of ending.
    if (first === "cancelled" || (ctx.signal.aborted && first !== "timeout" && !first.ok))
      return failureOf("cancelled", { code: "cancelled", message: messageOf(ctx.signal.reason) });
    // A function that never yields keeps the timer from firing: the clock tells.
    if (first === "timeout" || clock.monotonic() - startedAt > timeoutMs) {
      stop.abort(new Error(`ran longer than ${timeoutMs / 1000} s`));
      return timedOut();
    }
    if (!first.ok) return failureOf("failed", thrownFailure(first.thrown));
    return valueOrFailure(first.value, steps);
  } finally {
    over.abort();
  }
}

/** The failure for a result that is no object of metrics. */
export function valueOrFailure(value: unknown, steps: readonly TrialStep[]): RawResult {
  const plain = plainJson(value ?? null);
  const example = "an object of metrics is expected, like { accuracy: 0.9 }";
  if (!plain.ok) {
    return failureOf("failed", {
      code: "result-invalid",
      message: `the result cannot be written as JSON: ${plain.reason}; ${example}`,
    });
  }
  if (isJsonObject(plain.value)) return { kind: "value", value: plain.value, steps };
  const what = (value ?? null) === null ? "nothing" : JSON.stringify(plain.value).slice(0, 100);
  return failureOf("failed", { code: "result-invalid", message: `the function returned ${what}; ${example}` });
}

/** The failure for what a function threw. */
export function thrownFailure(thrown: unknown): Failure {
  const message = `the function threw: ${messageOf(thrown)}`.slice(0, LONGEST_TAIL);
  const stack = thrown instanceof Error ? thrown.stack : undefined;
  return { code: "function-threw", message, ...(stack === undefined ? {} : { logTail: tail(stack) }) };
}

/** The end of a text that goes into a record as log. */
export function tail(text: string): string {
  const clean = text.replace(/[^\P{Cc}\n\t]/gu, "");
  return clean.length <= LONGEST_TAIL ? clean : clean.slice(-LONGEST_TAIL);
}

type Called = { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly thrown: unknown };

async function settle(fn: TrialFunction, spec: JsonObject, ctx: FunctionContext): Promise<Called> {
  try {
    return { ok: true, value: await fn(spec, ctx) };
  } catch (thrown) {
    return { ok: false, thrown };
  }
}

async function timeUp(ctx: TrialContext, ms: number, over: AbortSignal): Promise<"timeout" | "cancelled"> {
  const { signal } = ctx;
  try {
    await ctx.effects.clock.sleep(ms, AbortSignal.any([signal, over]));
    return "timeout";
  } catch (error) {
    if (signal.aborted || over.aborted) return "cancelled";
    throw error;
  }
}

function failureOf(status: "failed" | "timeout" | "cancelled", failure: Failure): RawResult {
  return { kind: "failure", status, failure };
}
