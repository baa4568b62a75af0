import { afterAll, describe, it } from "vitest";
import { builtins } from "../../src/components/builtins.ts";
import { definitionContract, executorContract, FakeCluster, fakeBatchExecutor } from "../../src/testing/index.ts";

const framework = { describe, it };

for (const definition of builtins.list("executor")) {
  if (Object.hasOwn(definition.options.properties, "command")) executorContract(definition, framework);
}

const cluster = new FakeCluster();
afterAll(() => cluster[Symbol.dispose]());
definitionContract(fakeBatchExecutor(cluster), framework);
executorContract(fakeBatchExecutor(cluster), framework);
