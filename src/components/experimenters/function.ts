import { defineComponent } from "../../kernel/define.ts";
import type { JsonObject } from "../../model/json.ts";
import { parseDuration } from "../../model/units.ts";
import {
  type FunctionContext,
  FunctionExecutor,
  functionExecutorSchema,
  type ModuleFunction,
} from "../executors/index.ts";
import { checkRepeats, repeatOptionProperties, toRepeatParts } from "./repeat-options.ts";
import { type ExperimenterParts, SingleTrialExperimenter } from "./single-trial.ts";

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
    super({ ...parts, executor: new FunctionExecutor(target, timeoutMs === undefined ? {} : { timeoutMs }) });
  }
}

export const functionExperimenter = defineComponent({
  kind: "experimenter",
  type: "function",
  summary: "Short for `composed` with a `function` executor.",
  options: {
    type: "object",
    properties: {
      ...functionExecutorSchema.properties,
      aggregator: { $ref: "#/$defs/aggregator", description: "What makes one summary of several trials." },
      ...repeatOptionProperties,
    },
    required: ["module"],
    additionalProperties: false,
  },
  example: { module: "train.ts", export: "train", timeout: "5m", cwd: "root", allow_failed: 0, capture: false },
  create: (options, deps) =>
    new SingleTrialExperimenter({
      ...toRepeatParts(options),
      executor: new FunctionExecutor(
        { module: deps.resolvePath(options.module), export: options.export },
        {
          timeoutMs: parseDuration(options.timeout),
          cwd: options.cwd,
          ...(options.pass_env ? { passEnv: options.pass_env } : {}),
        },
      ),
      ...(options.aggregator === undefined ? {} : { aggregator: deps.build("aggregator", options.aggregator) }),
    }),
  check: checkRepeats,
});
