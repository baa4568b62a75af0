export { BindfsExecutor } from "./bindfs.ts";
export { BwrapExecutor, type BwrapOptions } from "./bwrap.ts";
export { CommandExecutor, defineExecutor, type ExecutorDefinition, ScriptExecutor } from "./command.ts";
export {
  type FunctionContext,
  FunctionExecutor,
  functionExecutor,
  functionOptions,
  type ModuleFunction,
  moduleFailure,
  TARGET,
} from "./function.ts";
export { startLocally, thrownFailure } from "./jobs.ts";
export { checkProcessOptions } from "./process-options.ts";
export { SlurmExecutor, type SlurmOptions } from "./slurm.ts";
