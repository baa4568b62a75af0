import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { asResearcher, MetricEvaluator, Pipeline, ScriptExperimenter, Workspace } from "../../../src/index.ts";
import { systemEffects } from "../../../src/platform/system.ts";
import { applyRepair, planRepair, type RepairPlan } from "../../../src/workspace/repair.ts";
import { runPipeline } from "../../support/pipeline-run.ts";
import { testFolder } from "../../support/test-folder.ts";

const effects = systemEffects();
const { files } = effects;
const dir = testFolder({
  "project/code.txt": "0\n",
  "project/lib/a.txt": "a\n",
  "project/data.csv": "1,2\n",
  "project/lib/names.csv": "an input in a tracked folder\n",
  "project/lib/.gitignore": "*.tmp\n",
  "project/lib/left.tmp": "no part of any state\n",
});
let root: string;

/** A run of three states: h000 changes code.txt to 1, h001 to 2, which is carried on, h002 fails. The start has 0. */
beforeEach(async () => {
  root = dir.join("run");
  dir.write("project/tools/run.sh", "echo\n", 0o755);
  await runPipeline(dir, {
    researcher: asResearcher(
      () => [1, 2, 3].map((k) => ({ spec: { k }, edits: [{ path: "code.txt", content: `${k}\n` }] })),
      { numTasks: 3 },
    ),
    experimenter: new ScriptExperimenter(["sh", "-c", "echo score=$(cat code.txt); [ $(cat code.txt) != 3 ]"]),
    root: dir.join("project"),
    artifacts: ["code.txt", "lib/"],
    maxIterations: 1,
    inputs: ["data.csv", "lib/names.csv"],
    spec: {
      text: "",
      raw: { artifacts: ["code.txt", "./lib/"], metric: { name: "score" } },
      hash: "",
      overrides: {},
      file: dir.join("project/spec.yaml"),
      changes: () => [],
    },
  });
});

const stateOf = (id: string): string =>
  JSON.parse(readFileSync(join(root, `iterations/0000${id[5]}/experiments/${id}.json`), "utf8")).state;
const manifestOf = (id: string): string => `snapshots/${stateOf(id)}.json`;
const projectManifest = (): string =>
  `snapshots/${JSON.parse(readFileSync(join(root, "run.json"), "utf8")).project.files}.json`;
const objectOf = (id: string): string => {
  const { entries } = JSON.parse(readFileSync(join(root, manifestOf(id)), "utf8"));
  const hash = entries["code.txt"].split(" ")[2];
  return `snapshots/objects/${hash.slice(0, 2)}/${hash}`;
};

/** What repair says is wrong, as the command asks it. */
const steps = (): RepairPlan["steps"] => planRepair(root, files).steps;

async function repair(): Promise<void> {
  const lock = await (await Workspace.open(root)).lock();
  applyRepair(planRepair(root, files), files, lock);
  lock.release();
}

/** Damages a file, and answers what repair says of it. */
function damaged(file: string, how: "cut" | "gone" | "other bytes" | "a folder"): RepairPlan["steps"] {
  const path = join(root, file);
  if (how === "gone" || how === "a folder") rmSync(path);
  if (how === "a folder") mkdirSync(path);
  else if (how === "gone") return steps();
  else writeFileSync(path, how === "cut" ? readFileSync(path).subarray(0, 20) : "?\n");
  return steps();
}

describe("repair looks at states, and", () => {
  it.each([
    [() => manifestOf("i00001-h000"), "cut", "it is not JSON"],
    [() => objectOf("i00001-h000"), "other bytes", "its bytes do not match its hash"],
    [() => objectOf("i00001-h000"), "gone", "it is missing"],
    [() => manifestOf("i00001-h000"), "a folder", "it is no file"],
  ] as const)("names what is damaged and who needs it, and leaves it", async (place, how, reason) => {
    const file = place();
    const expected = [
      { action: "by-hand", file, reason, consequence: expect.stringMatching(/needed by i00001-h000$/) },
    ];
    expect(damaged(file, how)).toEqual(expected);
    await repair();
    expect(steps()).toEqual(expected);
  });

  it("says that every trial's copy needs the project's other files", () => {
    const [found] = damaged(projectManifest(), "gone");
    expect(found?.consequence).toMatch(/needed by every trial's copy of the project$/);
  });

  it("sets a damaged state that no record needs aside", async () => {
    const file = "snapshots/0123456789abcdef.json";
    writeFileSync(join(root, file), "{");
    expect(steps()).toEqual([expect.objectContaining({ action: "set-aside", file })]);
    await repair();
    expect(steps()).toEqual([]);
  });

  it("looks at what was taken over from an earlier run as well, which only prompts and searches need", async () => {
    const next = dir.join("next");
    await new Pipeline({
      researcher: asResearcher(() => []),
      experimenter: new ScriptExperimenter("cat code.txt"),
      evaluator: new MetricEvaluator({ metric: "score" }),
      root: dir.join("project"),
      artifacts: ["code.txt", "lib/"],
      maxIterations: 1,
      workspace: await Workspace.create(next),
      from: root,
    })
      .run()
      .catch(() => undefined);
    const state = `prior/${manifestOf("i00001-h000")}`;
    for (const file of ["prior/runs.json", state]) writeFileSync(join(next, file), "{");
    expect(planRepair(next, files).steps).toEqual([
      expect.objectContaining({
        action: "set-aside",
        file: "prior/runs.json",
        reason: expect.stringContaining("not JSON"),
      }),
      expect.objectContaining({ action: "set-aside", file: state, consequence: "nothing: no record needs it" }),
    ]);
  });

  it("tells of an iteration whose folder is gone before others", async () => {
    rmSync(join(root, "iterations/00000"), { recursive: true });
    expect(steps()).toEqual([expect.objectContaining({ action: "by-resume", file: "iterations/00000" })]);
  });
});
