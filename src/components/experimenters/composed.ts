import { defineComponent } from "../../kernel/define.ts";
import { checkRepeats, repeatOptionProperties, toRepeatParts } from "./repeat-options.ts";
import { SingleTrialExperimenter } from "./single-trial.ts";

export const composedExperimenter = defineComponent({
  kind: "experimenter",
  type: "composed",
  aliases: ["single-trial"],
  summary: "Runs each hypothesis as one or more trials of an environment, an executor, a collector and an aggregator.",
  options: {
    type: "object",
    properties: {
      environment: { $ref: "#/$defs/environment", description: "Where commands find their programs. Default `none`." },
      executor: { $ref: "#/$defs/executor", description: "What runs a trial." },
      collector: { $ref: "#/$defs/collector", description: "What reads its metrics. Default `stdout`." },
      aggregator: {
        $ref: "#/$defs/aggregator",
        description: "What makes one summary of several trials. Default `mean`; with one trial, its metrics.",
      },
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
  },
  create: (options, deps) =>
    new SingleTrialExperimenter({
      ...toRepeatParts(options),
      executor: deps.build("executor", options.executor),
      ...(options.environment === undefined ? {} : { environment: deps.build("environment", options.environment) }),
      ...(options.collector === undefined ? {} : { collector: deps.build("collector", options.collector) }),
      ...(options.aggregator === undefined ? {} : { aggregator: deps.build("aggregator", options.aggregator) }),
    }),
  check: checkRepeats,
});
