import type { AnyDefinition } from "../../kernel/define.ts";
import { allAggregator } from "./all.ts";
import { bestAggregator } from "./best.ts";
import { lastAggregator } from "./last.ts";
import { meanAggregator } from "./mean.ts";
import { medianAggregator } from "./median.ts";
import { worstAggregator } from "./worst.ts";

export { AllTrialsAggregator } from "./all.ts";
export { BestTrialAggregator } from "./best.ts";
export { LastTrialAggregator } from "./last.ts";
export { MeanTrialAggregator } from "./mean.ts";
export { MedianTrialAggregator } from "./median.ts";
export { WorstTrialAggregator } from "./worst.ts";

/** The aggregators that come with AURA. */
export const aggregators: readonly AnyDefinition<"aggregator">[] = [
  allAggregator,
  bestAggregator,
  lastAggregator,
  meanAggregator,
  medianAggregator,
  worstAggregator,
];
