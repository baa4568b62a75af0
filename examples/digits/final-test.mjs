// The final summary: opens the sealed test part, once, for the best configuration of a run.
// Usage: node examples/digits/final-test.mjs <workspace>
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { loadPart } from "./digits.mjs";
import { Network } from "./network.mjs";

const workspace = process.argv[2];
if (workspace === undefined) throw new Error("usage: node examples/digits/final-test.mjs <workspace>");
const aura = fileURLToPath(new URL("../../bin/aura.cjs", import.meta.url));
const inspect = (...what) =>
  JSON.parse(execFileSync(process.execPath, [aura, "inspect", workspace, ...what, "--json"], { encoding: "utf8" }));

const { best } = inspect("summary");
if (best === null) throw new Error(`nothing has been scored in ${workspace} yet`);
const { trials } = inspect("show", best.id).experiment;
const { lr, hidden, l2, epochs, batch_size: batchSize } = best.spec;

const train = loadPart("train");
const network = new Network(hidden, trials[0].seed);
for (let step = 1; step <= epochs; step++) network.epoch(train, { lr, l2, batchSize });
const percent = (share) => `${(share * 100).toFixed(1)} %`;
console.log(`best hypothesis     ${best.id}: ${JSON.stringify(best.spec)}`);
console.log(
  `validation accuracy ${percent(network.accuracy(loadPart("validation")))} (the score, ${percent(best.score)} in the run)`,
);
console.log(`test accuracy       ${percent(network.accuracy(loadPart("test")))} (sealed until now)`);
