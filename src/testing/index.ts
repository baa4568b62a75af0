export { definitionContract, type TestFramework } from "./definition-contract.ts";
export { ManualClock } from "./manual-clock.ts";
