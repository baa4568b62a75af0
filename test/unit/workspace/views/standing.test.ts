import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { bestSoFar } from "../../../../src/workspace/views/standing.ts";
import type { Workspace } from "../../../../src/workspace/workspace.ts";
import { manifest, startedWorkspace, writeIteration } from "../rig.ts";

function curve({ root, effects: { files } }: Workspace): readonly (number | null)[] {
  return bestSoFar({ root, files }, manifest()).map(({ best }) => best?.score ?? null);
}

it("shows the best of each moment as it was then, and what was rolled back to from the rollback on", async () => {
  const workspace = await startedWorkspace();
  for (const [iteration, scores] of [[0.4], [0.5, 0.6], [0.9, 0.8]].entries())
    writeIteration(workspace, iteration, scores);
  expect(curve(workspace)).toEqual([0.4, 0.5, 0.6, 0.9, 0.9]);
  mkdirSync(join(workspace.root, "rollbacks"));
  const record = { afterIteration: 2, hypothesisId: "i00001-h000", snapshot: "0123456789abcdef" };
  writeFileSync(join(workspace.root, "rollbacks/00001.json"), JSON.stringify(record));
  expect(curve(workspace)).toEqual([0.4, 0.5, 0.6, 0.9, 0.5]);
  writeIteration(workspace, 3, [0.3, 0.7]);
  expect(curve(workspace)).toEqual([0.4, 0.5, 0.6, 0.9, 0.5, 0.5, 0.7]);
});
