export { type LoadedSpec, type LoadSpecOptions, type LoadSpecTextOptions, loadSpec, loadSpecText } from "./load.ts";
export { overridesOf } from "./overrides.ts";
export { formatPlan, planRun, unsetKeys } from "./plan.ts";
export { resolveSpec } from "./resolve.ts";
