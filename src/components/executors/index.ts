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
