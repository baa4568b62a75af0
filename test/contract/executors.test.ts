import { getPriority } from "node:os";
import { afterAll, describe, expect, it } from "vitest";
import { builtins } from "../../src/components/builtins.ts";
import type { AnyDefinition } from "../../src/kernel/define.ts";
import { loadModule } from "../../src/platform/modules.ts";
import {
  definitionContract,
  executorContract,
  FakeCluster,
  fakeBatchExecutor,
  type TestFramework,
} from "../../src/testing/index.ts";
import { runData } from "../../src/testing/run-spec.ts";
import { temporaryDirectory } from "../../src/testing/temp-dir.ts";
import { dataSpec } from "../support/data-spec.ts";
import { blocks } from "../support/documents.ts";
import { FULL } from "../support/thorough.ts";
import { bindfs, bwrap, slurm, type WithTool } from "../support/tools.ts";

// Most of these wait: for an end, a timeout, a cluster.
const framework = { describe, it: it.concurrent };
/** Executors that need more than this package. */
const TOOLS: Readonly<Record<string, WithTool>> = { bindfs, bwrap, slurm };
/** What shows in a short run that they start commands as `script` does, which keeps all promises there. */
const TELLING = /^(get their arguments|run the same way|time out as|end within their bound)/;
const telling: TestFramework["it"] = (name, body) => (FULL || TELLING.test(name) ? it.concurrent : it.skip)(name, body);

for (const definition of (await builtins()).list("executor")) {
  const tool = TOOLS[definition.type];
  if (!Object.hasOwn(definition.options.properties, "command")) continue;
  executorContract(definition, tool === undefined ? framework : { describe: tool.describe, it: telling });
}

const cluster = new FakeCluster();
afterAll(() => cluster[Symbol.dispose]());
definitionContract(fakeBatchExecutor(cluster), framework);
executorContract(fakeBatchExecutor(cluster), framework);

// The executor of the guide, as it stands there.
using dir = temporaryDirectory();
const guide = blocks("docs/writing-a-component.md", "ts").find(({ note }) => note === "file: nice.ts");
const { default: exported } = await loadModule(dir.write("nice.ts", guide?.text ?? ""));
if (!isExecutor(exported)) throw new Error("the guide has no executor in nice.ts");
const nice = exported;
definitionContract(nice, framework);
// Its behaviour is that of every `wrap`, which `script` shows.
if (FULL) executorContract(nice, framework);

it("the executor of the guide runs trials and checks at a lower priority", async () => {
  using project = temporaryDirectory();
  project.write(
    "train.mjs",
    "import { getPriority } from 'node:os'; console.log(`score: ${getPriority()}`); process.exitCode = getPriority() > Number(process.argv[2]) ? 0 : 1;",
  );
  const own = getPriority();
  const spec = dataSpec({
    experimenter: { type: "composed", executor: { type: "nice", command: `node train.mjs ${own}`, by: 3 } },
    checks: [{ name: "niced", command: `node train.mjs ${own}` }],
  });
  const { result } = await runData(project, spec, { definitions: [nice] });
  expect(result.best?.score).toBe(Math.min(19, own + 3));
});

function isExecutor(exported: unknown): exported is AnyDefinition<"executor"> {
  return typeof exported === "object" && exported !== null && "kind" in exported && exported.kind === "executor";
}
