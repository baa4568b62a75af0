export {
  asExperimenter,
  FunctionExperimenter,
  type FunctionExperimenterOptions,
  type MetricsFunction,
} from "./function.ts";
export { ScriptExperimenter } from "./script.ts";
export { type ExperimenterParts, SingleTrialExperimenter } from "./single-trial.ts";
