import { existsSync, rmSync, symlinkSync } from "node:fs";
import { describe, expect, test } from "vitest";
import {
  asResearcher,
  DirectoryArtifact,
  FileArtifact,
  FunctionExperimenter,
  MetricEvaluator,
  Pipeline,
  type PipelineOptions,
  Workspace,
} from "../../../src/index.ts";
import { testFolder } from "../../support/test-folder.ts";

const folder = testFolder({ "project/train.py": "x\n", "project/src/a.py": "a\n" });

type Artifacts = NonNullable<PipelineOptions["artifacts"]>;

async function run(artifacts: Artifacts, inputs: readonly string[] = []) {
  const workspace = await Workspace.create(folder.join("run"), { ifExists: "resume" });
  return new Pipeline({
    workspace,
    root: folder.join("project"),
    artifacts,
    researcher: asResearcher(() => [{ spec: { x: 1 } }], { numTasks: 1 }),
    experimenter: new FunctionExperimenter(() => ({ score: 1 })),
    evaluator: new MetricEvaluator({ metric: "score" }),
    maxIterations: 1,
    settings: {
      inputs: inputs.map((path) => ({ path, absolutePath: folder.join("project", path), show: "name" as const })),
    },
  }).run();
}

describe("tracked artifacts of a pipeline in code", () => {
  test.each<readonly [Artifacts[number], RegExp]>([
    [new FileArtifact("src"), /"src" is a folder: .*DirectoryArtifact/],
    [new FileArtifact("link-to-src"), /"link-to-src" is a folder/],
    [new DirectoryArtifact("train.py"), /"train.py" is a file: .*FileArtifact/],
    ["train.py/", /"train.py" is a file: .*without the \/ at its end/],
    ["link-to-src", /"link-to-src" is a symbolic link.*name what it leads to: src/],
  ])("that are not what they are said to be are refused before anything is written: %j", async (artifact, reason) => {
    symlinkSync("src", folder.join("project/link-to-src"));
    const refused = expect(run([artifact])).rejects;
    await refused.toMatchObject({ exitCode: 2, message: expect.stringMatching(reason) });
    expect(existsSync(folder.join("run"))).toBe(false);
  });

  test.each([
    ["src/a.py", "src/a.py", /the input "src\/a.py" is the tracked artifact "src\/a.py"/],
    ["src/a.py", "src", /the input "src" contains the tracked artifact "src\/a.py"/],
  ])("are no inputs too: %s and %s", async (artifact, input, reason) => {
    await expect(run([artifact], [input])).rejects.toMatchObject({
      exitCode: 2,
      message: expect.stringMatching(reason),
    });
    expect(existsSync(folder.join("run"))).toBe(false);
  });

  test("are what they are said to be, and are not asked about again once they are read", async () => {
    symlinkSync("a.py", folder.join("project/src/link.py"));
    const artifacts = [
      new FileArtifact("train.py"),
      new FileArtifact("src/link.py"),
      new DirectoryArtifact("src"),
      "src/",
    ];
    expect(await run(artifacts)).toMatchObject({ reason: "iterations" });
    rmSync(folder.join("project/src"), { recursive: true });
    folder.write("project/src", "a file by now");
    expect(await run(artifacts)).toMatchObject({ reason: "iterations" });
  });
});
