import type { AnyDefinition } from "../../kernel/define.ts";
import { functionEvaluator } from "./function.ts";
import { metricEvaluator } from "./metric.ts";

export { asEvaluator } from "./as-evaluator.ts";
export { FunctionEvaluator } from "./function.ts";
export { MetricEvaluator, type MetricEvaluatorOptions } from "./metric.ts";

/** The evaluators that come with AURA. */
export const evaluators: readonly AnyDefinition<"evaluator">[] = [functionEvaluator, metricEvaluator];
