export { asEvaluator } from "./as-evaluator.ts";
export { FunctionEvaluator } from "./function.ts";
export { MetricEvaluator, type MetricEvaluatorOptions } from "./metric.ts";
