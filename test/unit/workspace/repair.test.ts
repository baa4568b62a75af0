import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { systemEffects } from "../../../src/platform/system.ts";
import { applyRepair, planRepair } from "../../../src/workspace/repair.ts";
import { Workspace } from "../../../src/workspace/workspace.ts";
import { effects, startedWorkspace, writeIteration } from "./rig.ts";

const { files } = systemEffects();

describe("repair", () => {
  it("first only says what it would do, then does it, and nothing is lost", async () => {
    const workspace = await startedWorkspace();
    writeIteration(workspace, 1, [0.5, 0.6]);
    const { root } = workspace;
    const evaluation = "iterations/00001/evaluations/i00001-h001.json";
    writeFileSync(join(root, evaluation), '{"score": 0.');
    writeFileSync(join(root, "iterations/00001/trials/.x.json.5-5.tmp"), "{");
    const plan = planRepair(root, files);
    expect(plan.steps).toEqual([
      {
        action: "set-aside",
        file: evaluation,
        reason: expect.stringMatching(/^it is not JSON/),
        consequence: "resume evaluates i00001-h001 again",
      },
      expect.objectContaining({ action: "remove", file: "iterations/00001/trials/.x.json.5-5.tmp" }),
    ]);
    expect(() => workspace.readEvaluation("i00001-h001")).toThrow(/damaged/);

    const folder = applyRepair(plan, files, await relock(root));
    expect(folder).toBe(join(root, "repairs/1"));
    expect(readFileSync(join(root, "repairs/1", evaluation), "utf8")).toBe('{"score": 0.');
    expect(workspace.readEvaluation("i00001-h001")).toBeNull();
    expect(workspace.readEvaluation("i00001-h000")?.score).toBe(0.5);
    expect(planRepair(root, files).steps).toEqual([]);
  });

  it("sets aside a folder in the place of a record, which reading refuses too", async () => {
    const workspace = await startedWorkspace();
    writeIteration(workspace, 1, [0.5, 0.6]);
    writeIteration(workspace, 2, [0.7]);
    const { root } = workspace;
    const record = "iterations/00001/evaluations/i00001-h001.json";
    rmSync(join(root, record));
    mkdirSync(join(root, record, "x"), { recursive: true });
    expect(() => workspace.readEvaluation("i00001-h001")).toThrow(/damaged/);
    const plan = planRepair(root, files);
    expect(plan.steps.map(({ action, file }) => `${action} ${file}`)).toEqual([`set-aside ${record}`]);
    applyRepair(plan, files, await relock(root));
    expect(existsSync(join(root, "repairs/1", record, "x"))).toBe(true);
    expect(planRepair(root, files).steps).toEqual([]);
  });

  it("leaves a damaged manifest to the user", async () => {
    const { root } = await startedWorkspace();
    writeFileSync(join(root, "run.json"), "{");
    const [step] = planRepair(root, files).steps;
    expect(step).toMatchObject({ action: "by-hand", file: "run.json" });
    expect(existsSync(join(root, "run.json"))).toBe(true);
  });

  it("has nothing to do where nothing is wrong, and refuses where there is no run", async () => {
    const workspace = await startedWorkspace();
    writeIteration(workspace, 1, [0.5]);
    const plan = planRepair(workspace.root, files);
    expect(plan.steps).toEqual([]);
    expect(applyRepair(plan, files, await relock(workspace.root))).toBeNull();
    expect(() => planRepair(join(workspace.root, "iterations"), files)).toThrow(/no run/);
  });
});

async function relock(root: string) {
  writeFileSync(join(root, "lock.json"), "");
  return (await Workspace.open(root, { effects: effects() })).lock();
}
