export { type LoadSpecOptions, type LoadSpecTextOptions, loadSpec, loadSpecText } from "./load.ts";
export { formatPlan, planRun, unsetKeys } from "./plan.ts";
export { missingProgram, resolveSpec } from "./resolve.ts";
