export { definitionContract, type TestFramework } from "./definition-contract.ts";
export { executorContract } from "./executor-contract.ts";
export { FakeCluster, fakeBatchExecutor } from "./fake-batch.ts";
export { ManualClock } from "./manual-clock.ts";
