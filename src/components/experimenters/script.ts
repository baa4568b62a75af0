import { defineComponent } from "../../kernel/define.ts";
import {
  checkProcessOptions,
  type ProcessOptions,
  processOptionProperties,
  ScriptExecutor,
  toProcessOptions,
} from "../executors/index.ts";
import { checkRepeats, repeatOptionProperties } from "./repeats.ts";
import { type ExperimenterParts, partOptionProperties, partsFrom, SingleTrialExperimenter } from "./single-trial.ts";

/**
 * Runs a command for each hypothesis and reads metrics from its stdout:
 * `new ScriptExperimenter("python train.py --lr {lr} --epochs {epochs}")`.
 */
export class ScriptExperimenter extends SingleTrialExperimenter {
  constructor(command: string | readonly string[], options: ProcessOptions & Omit<ExperimenterParts, "executor"> = {}) {
    super({ ...options, executor: new ScriptExecutor(command, options) });
  }
}

export const scriptExperimenter = defineComponent({
  kind: "experimenter",
  type: "script",
  summary: "Short for `composed` with a `script` executor.",
  options: {
    type: "object",
    properties: {
      ...processOptionProperties,
      ...partOptionProperties,
      ...repeatOptionProperties,
    },
    required: ["command"],
    additionalProperties: false,
  },
  example: {
    command: "python train.py --lr {lr}",
    shell: false,
    timeout: "5m",
    strict_limits: false,
    cwd: "root",
    allow_failed: 0,
    capture: false,
  },
  create: (options, deps) =>
    new ScriptExperimenter(options.command, { ...toProcessOptions(options), ...partsFrom(options, deps) }),
  check: (options) => [...checkProcessOptions(options), ...checkRepeats(options)],
});
