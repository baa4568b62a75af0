export { CommandExecutor, defineExecutor, type ExecutorDefinition, ScriptExecutor, scriptExecutor } from "./command.ts";
export {
  type FunctionContext,
  FunctionExecutor,
  functionExecutor,
  functionOptions,
  type ModuleFunction,
  moduleFailure,
  thrownFailure,
} from "./function.ts";
export { failedOutcome, startLocally } from "./jobs.ts";
export {
  checkProcessOptions,
  type ProcessOptions,
} from "./process-options.ts";
