import { existsSync, rmSync, symlinkSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { DirectoryArtifact, FileArtifact, FunctionExperimenter, type PipelineOptions } from "../../../src/index.ts";
import { runPipeline } from "../../support/pipeline-run.ts";
import { testFolder } from "../../support/test-folder.ts";

const folder = testFolder({ "project/train.py": "x\n", "project/src/a.py": "a\n" });

type Artifacts = NonNullable<PipelineOptions["artifacts"]>;

async function run(artifacts: Artifacts, inputs: readonly string[] = []) {
  const experimenter = new FunctionExperimenter(() => ({ score: 1 }));
  const options = { root: folder.join("project"), experimenter, artifacts, inputs, maxIterations: 1 };
  return (await runPipeline(folder, options)).result;
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
