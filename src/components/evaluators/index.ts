export { asEvaluator, FunctionEvaluator } from "./function.ts";
export { MetricEvaluator, type MetricEvaluatorOptions } from "./metric.ts";
