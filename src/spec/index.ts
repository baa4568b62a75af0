export { type LoadSpecOptions, type LoadSpecTextOptions, loadSpec, loadSpecText } from "./load.ts";
export { planRun, unsetKeys } from "./plan.ts";
export { formatPlan } from "./plan-text.ts";
export { missingProgram, resolveSpec } from "./resolve.ts";
