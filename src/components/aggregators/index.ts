import type { AnyDefinition } from "../../kernel/define.ts";
import { meanAggregator, medianAggregator } from "./merged.ts";
import { allAggregator, lastAggregator } from "./outputs.ts";
import { bestAggregator, worstAggregator } from "./ranked.ts";

export { MeanTrialAggregator, MedianTrialAggregator } from "./merged.ts";
export { AllTrialsAggregator, LastTrialAggregator } from "./outputs.ts";
export { BestTrialAggregator, WorstTrialAggregator } from "./ranked.ts";

/** The aggregators that come with AURA. */
export const aggregators: readonly AnyDefinition<"aggregator">[] = [
  allAggregator,
  bestAggregator,
  lastAggregator,
  meanAggregator,
  medianAggregator,
  worstAggregator,
];
