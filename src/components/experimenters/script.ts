import { type ProcessOptions, ScriptExecutor, scriptExecutor } from "../executors/index.ts";
import { type ExperimenterParts, SingleTrialExperimenter, shortForm } from "./single-trial.ts";

/**
 * Runs a command for each hypothesis and reads metrics from its stdout:
 * `new ScriptExperimenter("python train.py --lr {lr} --epochs {epochs}")`.
 */
export class ScriptExperimenter extends SingleTrialExperimenter {
  constructor(command: string | readonly string[], options: ProcessOptions & Omit<ExperimenterParts, "executor"> = {}) {
    super({ ...options, executor: new ScriptExecutor(command, options) });
  }
}

export const scriptExperimenter = shortForm(scriptExecutor);
