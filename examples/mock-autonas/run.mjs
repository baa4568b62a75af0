// The loop of loop.mjs from a program of its own, which says what it wants to of its progress.
// Usage: node examples/mock-autonas/run.mjs [workspace]
import { Workspace } from "aura-research";
import loop from "./loop.mjs";

const workspace = await Workspace.create(process.argv[2] ?? "runs/mock-autonas", { ifExists: "next" });
const pipeline = loop(workspace);

pipeline.subscribe((event) => {
  if (event.type === "evaluation.scored") {
    const { hypothesisId, score, reason } = event.evaluation;
    console.log(`${hypothesisId}  ${score ?? `failed: ${reason}`}`);
  }
  if (event.type === "insight.recorded") console.log(`  learnt: ${event.insight.finding}`);
});

const { reason, exitCode } = await pipeline.run();

const { bestScore, bestHypothesisId } = await workspace.summary();
const best = bestHypothesisId ? `${bestHypothesisId} with accuracy ${bestScore}` : `none (${reason})`;
console.log(`best: ${best}; all records are in ${workspace.root}`);
process.exitCode = exitCode;
