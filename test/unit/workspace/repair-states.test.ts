import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { asResearcher, MetricEvaluator, Pipeline, ScriptExperimenter, Workspace } from "../../../src/index.ts";
import { systemEffects } from "../../../src/platform/system.ts";
import { type TemporaryDirectory, temporaryDirectory } from "../../../src/testing/temp-dir.ts";
import { SnapshotStore } from "../../../src/workspace/artifacts/index.ts";
import { applyRepair, planRepair, type RepairPlan } from "../../../src/workspace/repair.ts";
import { listedProject } from "../../../src/workspace/repair-project.ts";

const effects = systemEffects();
const { files } = effects;
let dir: TemporaryDirectory;
let root: string;

/** A run of three states: h000 changes code.txt to 1, h001 to 2, which is carried on, h002 fails. The start has 0. */
beforeEach(async () => {
  dir = temporaryDirectory();
  root = dir.join("run");
  dir.write("project/code.txt", "0\n");
  dir.write("project/lib/a.txt", "a\n");
  dir.write("project/tools/run.sh", "echo\n", 0o755);
  dir.write("project/data.csv", "1,2\n");
  dir.write("project/lib/names.csv", "an input in a tracked folder\n");
  dir.write("project/lib/.gitignore", "*.tmp\n");
  dir.write("project/lib/left.tmp", "no part of any state\n");
  await new Pipeline({
    researcher: asResearcher(
      () => [1, 2, 3].map((k) => ({ spec: { k }, edits: [{ path: "code.txt", content: `${k}\n` }] })),
      { numTasks: 3 },
    ),
    experimenter: new ScriptExperimenter(["sh", "-c", "echo score=$(cat code.txt); [ $(cat code.txt) != 3 ]"]),
    evaluator: new MetricEvaluator({ metric: "score" }),
    root: dir.join("project"),
    artifacts: ["code.txt", "lib/"],
    maxIterations: 1,
    settings: {
      inputs: ["data.csv", "lib/names.csv"].map((path) => {
        return { path, absolutePath: dir.join(`project/${path}`), show: "name" };
      }),
    },
    workspace: await Workspace.create(root),
    spec: {
      text: "",
      raw: { artifacts: ["code.txt", "./lib/"], metric: { name: "score" } },
      hash: "",
      overrides: {},
      file: dir.join("project/spec.yaml"),
      changes: () => [],
    },
  }).run();
});
afterEach(() => dir[Symbol.dispose]());

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
const plan = async (): Promise<RepairPlan> => planRepair(root, files, await listedProject(root, effects));
const steps = async (): Promise<RepairPlan["steps"]> => (await plan()).steps;

async function repair(): Promise<void> {
  const lock = await (await Workspace.open(root)).lock();
  applyRepair(await plan(), files, lock);
  lock.release();
}

/** Damages a file, and answers what repair says of it. */
async function damaged(file: string, how: "cut" | "gone" | "other bytes" | "a folder"): Promise<RepairPlan["steps"]> {
  const path = join(root, file);
  if (how === "gone" || how === "a folder") rmSync(path);
  if (how === "a folder") mkdirSync(path);
  else if (how === "gone") return steps();
  else writeFileSync(path, how === "cut" ? readFileSync(path).subarray(0, 20) : "?\n");
  return steps();
}

describe("repair looks at states, and", () => {
  it.each([
    ["the manifest of the state carried on", () => manifestOf("i00001-h001"), "cut", "artifacts"],
    ["the manifest of the start", () => manifestOf("i00000-h000"), "gone", "project"],
    ["a manifest that is a folder", () => manifestOf("i00000-h000"), "a folder", "project"],
    ["a file that is a folder", () => objectOf("i00000-h000"), "a folder", "project/code.txt"],
    ["a file of the state carried on", () => objectOf("i00001-h001"), "other bytes", "artifacts/code.txt"],
    ["the manifest of the project's other files", () => projectManifest(), "cut", "project"],
    ["a file of the start", () => objectOf("i00000-h000"), "gone", "project/code.txt"],
  ] as const)("makes %s again from what has the same bytes", async (_, place, how, from) => {
    const file = place();
    const before = readFileSync(join(root, file));
    const found = await damaged(file, how);
    expect(found).toEqual([expect.objectContaining({ action: "restore", file })]);
    expect(JSON.stringify(found)).toContain(`${from}, which is the same; needed by `);
    await repair();
    expect(readFileSync(join(root, file))).toEqual(before);
    expect(await steps()).toEqual([]);
    const store = new SnapshotStore(root, files);
    for (const id of store.ids()) expect(() => store.verify(id)).not.toThrow();
  });

  it.each([
    [() => manifestOf("i00001-h000"), "cut", "it is not JSON"],
    [() => objectOf("i00001-h000"), "other bytes", "its bytes do not match its hash"],
    [() => objectOf("i00001-h000"), "gone", "it is missing"],
  ] as const)("names what cannot be made again and who needs it, and leaves it", async (place, how, reason) => {
    const file = place();
    const expected = [
      { action: "by-hand", file, reason, consequence: expect.stringMatching(/needed by i00001-h000$/) },
    ];
    expect(await damaged(file, how)).toEqual(expected);
    await repair();
    expect(await steps()).toEqual(expected);
  });

  it("makes the manifest of the project's other files again from a trial's copy, where the project has changed", async () => {
    dir.write("project/tools/run.sh", "echo changed\n", 0o755);
    const file = projectManifest();
    const before = readFileSync(join(root, file));
    const [found] = await damaged(file, "gone");
    expect(found).toMatchObject({ action: "restore", file });
    expect(found?.consequence).toContain("from iterations/00001/trials/i00001-h002-t00.a1/project, which is the same");
    await repair();
    expect(readFileSync(join(root, file))).toEqual(before);
    expect(await steps()).toEqual([]);
  });

  it("says what would have to be put back for the project's other files, where nothing holds them any more", async () => {
    dir.write("project/tools/run.sh", "echo changed\n", 0o755);
    rmSync(join(root, "iterations/00001/trials/i00001-h002-t00.a1"), { recursive: true });
    const file = projectManifest();
    const [found] = await damaged(file, "gone");
    expect(found).toMatchObject({ action: "by-hand", file });
    expect(found?.consequence).toContain(`put the files of ${dir.join("project")} back as they were at the start`);
    expect(found?.consequence).toContain("needed by every trial's copy of the project");
    dir.write("project/tools/run.sh", "echo\n", 0o755);
    expect(await steps()).toMatchObject([{ action: "restore", file }]);
  });

  it("sets a damaged state that no record needs aside", async () => {
    const file = "snapshots/0123456789abcdef.json";
    writeFileSync(join(root, file), "{");
    expect(await steps()).toEqual([expect.objectContaining({ action: "set-aside", file })]);
    await repair();
    expect(await steps()).toEqual([]);
  });

  it("tells of an iteration whose folder is gone before others", async () => {
    rmSync(join(root, "iterations/00000"), { recursive: true });
    expect(await steps()).toEqual([expect.objectContaining({ action: "by-resume", file: "iterations/00000" })]);
  });
});
