import { expect, test } from "vitest";
import { type NodeJob, nodeFiles, readNodeEnd } from "../../../src/platform/cluster-job.ts";
import { ownProgram } from "../../../src/platform/own-program.ts";
import { systemEffects } from "../../../src/platform/system.ts";
import { temporaryDirectory } from "../../../src/testing/temp-dir.ts";

test("a job leaves its end with its CPU time, the load of its node and the GPUs it had there, or that its output could not be kept there", async () => {
  using dir = temporaryDirectory();
  const { processes, files } = systemEffects();
  const env = { PATH: process.env.PATH ?? "", SLURMD_NODENAME: "n1", SLURM_JOB_GPUS: "2,5" };
  const [file, ...args] = ownProgram("cluster-child");
  const run = async (index: string, stdout: string) => {
    const paths = nodeFiles(dir.path, index);
    const logs = { stdout, stderr: paths.stderr };
    const busy = "i=0; while [ $i -lt 300000 ]; do i=$((i + 1)); done; echo hello";
    const job: NodeJob = { file: "sh", args: ["-c", busy], cwd: dir.path, env, graceMs: 0, logs };
    files.writeAtomic(paths.job, JSON.stringify(job));
    const request = { file, args: [...args, dir.path, index], cwd: dir.path, env, graceMs: 0 };
    await processes.run(request, new AbortController().signal);
    return readNodeEnd(files, paths.end);
  };
  const noFolder = dir.write("no-folder", "");
  const [ended, broken] = await Promise.all([run("0", dir.join("out")), run("1", `${noFolder}/out`)]);
  expect(ended).toMatchObject({ end: "exited", exitCode: 0, usage: { load: expect.any(Number), devices: ["2", "5"] } });
  expect(ended?.usage?.cpuSeconds).toBeGreaterThan(0.1);
  expect(broken).toMatchObject({
    end: "spawn-error",
    message: expect.stringMatching(/^its output cannot be kept on n1: .*no-folder/),
  });
});
