import { SpecError } from "../../kernel/errors.ts";
import { assertArgument, assertOptions, POSITIVE } from "../../kernel/given-options.ts";
import type { Experimenter } from "../../kernel/ports.ts";
import type { Hypothesis } from "../../model/hypothesis.ts";
import { defined, type JsonObject } from "../../model/json.ts";
import {
  type FunctionContext,
  FunctionExecutor,
  functionExecutor,
  type ModuleFunction,
  TARGET,
} from "../executors/index.ts";
import { type ExperimenterParts, PARTS, SingleTrialExperimenter, shortForm } from "./single-trial.ts";

/** Metrics of one trial from its parameters. `object` is there for functions typed with an interface of their own. */
export type MetricsFunction = (spec: JsonObject, ctx: FunctionContext) => object | Promise<object>;

export interface FunctionExperimenterOptions extends Omit<ExperimenterParts, "executor" | "environment" | "collector"> {
  /** Milliseconds after which a trial is a timeout; default one hour. */
  readonly timeoutMs?: number;
}

/**
 * Runs a function for each hypothesis: `new FunctionExperimenter((spec, ctx) => ({ accuracy: 0.9 }))`. In code it runs
 * in this process and can only be asked to stop; given as `{ module, export }` it runs in a child process.
 */
export class FunctionExperimenter extends SingleTrialExperimenter {
  constructor(target: MetricsFunction | ModuleFunction, options: FunctionExperimenterOptions = {}) {
    const { executor: _executor, environment: _environment, collector: _collector, ...parts } = PARTS;
    assertArgument("FunctionExperimenter", "target", target, TARGET);
    assertOptions("FunctionExperimenter", options, { ...parts, timeoutMs: POSITIVE });
    const { timeoutMs, ...repeats } = options;
    super({ ...repeats, executor: new FunctionExecutor(target, defined({ timeoutMs })) });
  }
}

export const functionExperimenter = shortForm(functionExecutor);

/** A hypothesis in, metrics out. */
export type ExperimenterFunction = (hypothesis: Hypothesis, ctx: FunctionContext) => object | Promise<object>;

/**
 * An experimenter as it is, or one around a function. The function runs as the one trial of its hypothesis, so it is
 * recorded, bounded by `parallel` and not run again once it has finished. Throws `SpecError` on anything else.
 */
export function asExperimenter(value: Experimenter | ExperimenterFunction): Experimenter {
  if (typeof value === "function") return new FunctionExperimenter((_spec, ctx) => value(ctx.hypothesis, ctx));
  if (typeof value === "object" && value !== null && typeof value.runExperiment === "function") return value;
  throw new SpecError(
    "an experimenter is an object with a runExperiment method, or a function from a hypothesis to metrics",
  );
}
