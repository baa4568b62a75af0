import { assertArgument, assertOptions } from "../../kernel/given-options.ts";
import { defined } from "../../model/json.ts";
import { ScriptExecutor, scriptExecutor } from "../executors/command.ts";
import { COMMAND, PROCESS_OPTIONS, type ProcessOptions } from "../executors/process-options.ts";
import { type ExperimenterParts, PARTS, SingleTrialExperimenter, shortForm } from "./single-trial.ts";

/**
 * Runs a command for each hypothesis and reads metrics from its stdout:
 * `new ScriptExperimenter("python train.py --lr {lr} --epochs {epochs}")`.
 */
export class ScriptExperimenter extends SingleTrialExperimenter {
  constructor(command: string | readonly string[], options: ProcessOptions & Omit<ExperimenterParts, "executor"> = {}) {
    const { executor: _, ...known } = { ...PARTS, ...PROCESS_OPTIONS };
    assertArgument("ScriptExperimenter", "command", command, COMMAND);
    assertOptions("ScriptExperimenter", options, known);
    const { shell, timeoutMs, env, passEnv, limits, strictLimits, cwd, ...parts } = options;
    const process = defined({ shell, timeoutMs, env, passEnv, limits, strictLimits, cwd });
    super({ ...parts, executor: new ScriptExecutor(command, process) });
  }
}

export const scriptExperimenter = shortForm(scriptExecutor);
