export { MeanTrialAggregator, MedianTrialAggregator } from "./merged.ts";
export { AllTrialsAggregator, LastTrialAggregator } from "./outputs.ts";
export { BestTrialAggregator, WorstTrialAggregator } from "./ranked.ts";
