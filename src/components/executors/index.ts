import type { AnyDefinition } from "../../kernel/define.ts";
import { scriptExecutor } from "./command.ts";
import { functionExecutor } from "./function.ts";

export { CommandExecutor, defineExecutor, type ExecutorDefinition, ScriptExecutor } from "./command.ts";
export {
  type FunctionContext,
  FunctionExecutor,
  functionExecutorSchema,
  functionOptionProperties,
  type ModuleFunction,
  thrownFailure,
} from "./function.ts";
export { failedOutcome, startLocally } from "./jobs.ts";
export {
  checkProcessOptions,
  type ProcessOptions,
  processOptionProperties,
  toProcessOptions,
} from "./process-options.ts";

/** The executors that come with AURA. */
export const executors: readonly AnyDefinition<"executor">[] = [functionExecutor, scriptExecutor];
