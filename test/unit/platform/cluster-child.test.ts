import { expect, test } from "vitest";
import { type NodeJob, nodeFiles, readNodeEnd } from "../../../src/platform/cluster-job.ts";
import { ownProgram } from "../../../src/platform/own-program.ts";
import { systemEffects } from "../../../src/platform/system.ts";
import { temporaryDirectory } from "../../../src/testing/temp-dir.ts";

test("a job whose output a node cannot keep says so, and not that a view is missing", async () => {
  using dir = temporaryDirectory();
  const { processes, files } = systemEffects();
  const paths = nodeFiles(dir.path, 0);
  const job: NodeJob = {
    ...{ file: "echo", args: ["hello"], cwd: dir.path, env: { PATH: process.env.PATH ?? "" }, graceMs: 0 },
    logs: { stdout: `${dir.write("no-folder", "")}/out`, stderr: paths.stderr },
  };
  files.writeAtomic(paths.job, JSON.stringify(job));
  const [file, ...args] = ownProgram("cluster-child");
  const request = { file, args: [...args, dir.path, "0"], cwd: dir.path, graceMs: 0 };
  await processes.run({ ...request, env: { ...job.env, SLURMD_NODENAME: "n1" } }, new AbortController().signal);
  expect(readNodeEnd(files, paths.end)).toMatchObject({
    end: "spawn-error",
    message: expect.stringMatching(/^its output cannot be kept on n1: .*no-folder/),
  });
});
