import type { AnyDefinition } from "../../kernel/define.ts";
import { functionExecutor } from "./function.ts";
import { scriptExecutor } from "./script.ts";

export { FunctionExecutor, functionExecutorSchema, functionOptionProperties, type ModuleFunction } from "./function.ts";
export { type FunctionContext, thrownFailure } from "./in-process.ts";
export {
  checkProcessOptions,
  type ProcessOptions,
  processOptionProperties,
  toProcessOptions,
} from "./process-options.ts";
export { isCommandExecutor, ScriptExecutor } from "./script.ts";
export { trialEnvironment } from "./trial-environment.ts";

/** The executors that come with AURA. */
export const executors: readonly AnyDefinition<"executor">[] = [functionExecutor, scriptExecutor];
