import type { AnyDefinition } from "../../kernel/define.ts";
import { functionExperimenter } from "./function.ts";
import { scriptExperimenter } from "./script.ts";
import { composedExperimenter } from "./single-trial.ts";

export {
  asExperimenter,
  FunctionExperimenter,
  type FunctionExperimenterOptions,
  type MetricsFunction,
} from "./function.ts";
export { ScriptExperimenter } from "./script.ts";
export { type ExperimenterParts, SingleTrialExperimenter } from "./single-trial.ts";

/** The experimenters that come with AURA. */
export const experimenters: readonly AnyDefinition<"experimenter">[] = [
  composedExperimenter,
  functionExperimenter,
  scriptExperimenter,
];
