import { expect, it } from "vitest";
import { bestSoFar } from "../../../../src/workspace/views/standing.ts";
import type { Workspace } from "../../../../src/workspace/workspace.ts";
import { manifest, startedWorkspace, writeIteration, writeRollback } from "../rig.ts";

function curve(workspace: Workspace): readonly (number | null)[] {
  return bestSoFar(workspace, manifest()).map(({ best }) => best?.score ?? null);
}

it("shows the best of each moment as it was then, and what was rolled back to from the rollback on", async () => {
  const workspace = await startedWorkspace();
  for (const [iteration, scores] of [[0.4], [0.5, 0.6], [0.9, 0.8]].entries())
    writeIteration(workspace, iteration, scores);
  expect(curve(workspace)).toEqual([0.4, 0.5, 0.6, 0.9, 0.9]);
  writeRollback(workspace, "i00001-h000", 2);
  expect(curve(workspace)).toEqual([0.4, 0.5, 0.6, 0.9, 0.5]);
  writeIteration(workspace, 3, [0.3, 0.7]);
  expect(curve(workspace)).toEqual([0.4, 0.5, 0.6, 0.9, 0.5, 0.5, 0.7]);
});
