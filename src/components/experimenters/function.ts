import { SpecError } from "../../kernel/errors.ts";
import type { Experimenter, RawResult } from "../../kernel/ports.ts";
import type { Hypothesis } from "../../model/hypothesis.ts";
import { defined, isJsonObject, type JsonObject } from "../../model/json.ts";
import { type FunctionContext, FunctionExecutor, functionExecutor, type ModuleFunction } from "../executors/index.ts";
import { type ExperimenterParts, SingleTrialExperimenter, shortForm } from "./single-trial.ts";

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
    const { timeoutMs, ...parts } = options;
    super({ ...parts, executor: new FunctionExecutor(target, defined({ timeoutMs })) });
  }
}

export const functionExperimenter = shortForm(functionExecutor);

/** A hypothesis in; metrics out, or an experiment, of which status, summary and failure count. */
export type ExperimenterFunction = (hypothesis: Hypothesis, ctx: FunctionContext) => object | Promise<object>;

/**
 * An experimenter as it is, or one around a function. The function runs as the one trial of its hypothesis, so it is
 * recorded, bounded by `parallel` and not run again once it has finished. Throws `SpecError` on anything else.
 */
export function asExperimenter(value: Experimenter | ExperimenterFunction): Experimenter {
  if (typeof value === "function") return new ExperimenterOfFunction(value);
  if (typeof value === "object" && value !== null && typeof value.runExperiment === "function") return value;
  throw new SpecError(
    "an experimenter is an object with a runExperiment method, or a function from a hypothesis to metrics",
  );
}

class ExperimenterOfFunction extends SingleTrialExperimenter {
  readonly #run: ExperimenterFunction;

  constructor(run: ExperimenterFunction) {
    super();
    this.#run = run;
  }

  override async execute(
    ...[hypothesis, prepared, ctx]: Parameters<SingleTrialExperimenter["execute"]>
  ): Promise<RawResult> {
    const run = new FunctionExecutor((_spec, functionCtx) => this.#run(hypothesis, functionCtx));
    const raw = await run.run(hypothesis, prepared, ctx);
    return raw.kind === "value" && isJsonObject(raw.value) ? fromExperiment(raw, raw.value) : raw;
  }
}

/** What an experiment that a function returned says about its one trial. */
function fromExperiment(raw: Extract<RawResult, { readonly kind: "value" }>, value: JsonObject): RawResult {
  if (typeof value.hypothesisId !== "string" || !Array.isArray(value.trials)) return raw;
  if (value.status === "completed" && isJsonObject(value.summary)) return { ...raw, value: value.summary };
  if (value.status !== "failed" && value.status !== "completed") return raw;
  const said = isJsonObject(value.failure) ? value.failure : {};
  const failure = {
    code: typeof said.code === "string" ? said.code : "experiment-failed",
    message: typeof said.message === "string" ? said.message : "the function returned an experiment without a summary",
  };
  return { kind: "failure", status: "failed", failure };
}
